// Asks the worker process (symbolizer_worker.h) about ELF files, and outlives whatever a file does to it.
//
// Each question is one synchronous call with a deadline. A worker that crashes or is late is killed and reaped, by its pid;
// the file it was busy with is remembered and not tried again, and the next question starts a new worker. So a hostile file
// costs its own frames and one deadline.
//
// Addresses are ELF virtual addresses of the module (address_of_offset() makes them from file offsets). Files are passed as
// descriptors, which stay the caller's. The worker keeps what it has read, least recently used files go first; asking again
// about a file that it knows is cheap (microseconds), but callers that ask for the same address often should keep the
// answer.
//
// Threads: one at a time, and always the same one: the worker dies with the thread that started it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "agent/base/fd.h"
#include "symbolizer/elf/description.h"
#include "symbolizer/frame.h"
#include "symbolizer/functions/code_functions.h"
#include "symbolizer/worker/time_budget.h"

namespace footfall {

namespace symbolizer {
class Answer;
class Question;
class Symbols;
}  // namespace symbolizer

struct SymbolizerOptions {
    // What is started as the worker: a program and its arguments. It must call run_symbolizer_worker() with the descriptor
    // kSymbolizerWorkerSocket. By default footfall itself.
    std::vector<std::string> command = {"/proc/self/exe", "symbolizer-worker"};
    std::chrono::milliseconds deadline{10'000};  // for one question
    std::size_t bad_files = 1024;                // remembered at most; the oldest are forgotten first
};

// The files of one module. Only elf is needed.
struct ModuleFiles {
    int elf = -1;
    int debug = -1;  // its separate debug file
    int alt = -1;    // what dwz moved out of that
};

class SymbolizerClient {
public:
    explicit SymbolizerClient(SymbolizerOptions options = {});
    ~SymbolizerClient();
    SymbolizerClient(const SymbolizerClient&) = delete;
    SymbolizerClient& operator=(const SymbolizerClient&) = delete;

    // All questions from now on have this time together, and one of them a third of what is left, so that a few files don't
    // take it from all others. Once it is used up, the answer is kNamingLate. null: no such limit; else it outlives its use.
    void set_budget(TimeBudget* budget) { budget_ = budget; }

    tl::expected<FileDescription, Miss> describe(int elf);

    // CRC-32 over the whole file, as .gnu_debuglink has it. kTooLarge where no debug file is as large.
    tl::expected<std::uint32_t, Miss> checksum(int file);

    // One answer for each address, in the order of the addresses. Where lines cannot be had (no DWARF, or reading it
    // failed), the answers are names.
    std::vector<SymbolizedAddress> symbols(const ModuleFiles& files, std::span<const std::uint64_t> addresses,
                                           Detail detail);

    // See functions/code_functions.h.
    tl::expected<FunctionAnswer, Miss> functions(const ModuleFiles& files, const FunctionQuery& query);

    // gRPC methods that the file's descriptors name, see descriptors/embedded_methods.h.
    tl::expected<std::vector<std::string>, Miss> grpc_methods(int elf);

    // Lets the worker's unwind table builder read elf and write to out. kNone: done.
    Miss build_unwind_table(int elf, int out);

    // -1 where none is running.
    [[nodiscard]] int worker_pid() const { return pid_; }
    // How often a worker had to be ended because of a file.
    [[nodiscard]] std::uint64_t workers_lost() const { return workers_lost_; }

private:
    enum class Purpose : std::uint8_t {
        kDescribe,
        kChecksum,
        kNames,
        kLines,
        kUnwindTable,
        kFunctions,
        kFunctionSources,
        kMethods
    };
    // Which file, as fstat tells, and for what it was read.
    struct FileKey {
        std::uint64_t device = 0;
        std::uint64_t inode = 0;
        std::uint64_t size = 0;
        std::uint64_t modified = 0;  // nanoseconds
        Purpose purpose = Purpose::kDescribe;
        auto operator<=>(const FileKey&) const = default;
    };
    struct BadFile {
        Miss miss = Miss::kNone;
        std::uint64_t since = 0;  // in the order of their failing
    };

    // What one question may take, and what is said of one that takes longer.
    struct Limit {
        TimeBudget::Clock::duration time{};
        Miss miss = Miss::kTimedOut;
    };

    static FileKey key_of(int file, Purpose purpose);
    [[nodiscard]] Limit limit_of_question() const;
    [[nodiscard]] Miss known_as_bad(const FileKey& key) const;
    void remember_as_bad(const FileKey& key, Miss miss);

    bool start();
    void stop();
    // Sends a question with its files, waits for the answer, and ends the worker if there is none.
    tl::expected<symbolizer::Answer, Miss> ask(const FileKey& key, const symbolizer::Question& question,
                                               std::span<const int> files);
    Miss name_part(const ModuleFiles& files, symbolizer::Symbols symbols, Detail detail, std::span<SymbolizedAddress> into);

    SymbolizerOptions options_;
    TimeBudget* budget_ = nullptr;
    Fd socket_;
    int pid_ = -1;
    std::uint64_t workers_lost_ = 0;
    std::uint64_t failures_ = 0;
    std::map<FileKey, BadFile> bad_files_;
};

}  // namespace footfall
