// Gets separate debug files by build-id from debuginfod servers, which answer to GET URL/buildid/ID/debuginfo, and keeps
// them in a directory of bounded size.
//
// Servers are asked one after the other, each question by a process of its own (debuginfod_fetch.h). What is fetched is
// believed to be of a build only when it says so itself. Nothing waits for ever: all questions of a client together have a
// limit of time, and a server that does not answer, or can't be reached, is asked no more. A build-id that no server knew is
// not asked for again for a while, by this client or the next one.
// Threads: one at a time, and always the same one: a helper dies with the thread that started it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "agent/base/fd.h"
#include "symbolizer/elf/description.h"
#include "symbolizer/files/file_cache.h"
#include "symbolizer/worker/symbolizer_client.h"
#include "symbolizer/worker/time_budget.h"

namespace footfall {

struct DebuginfodOptions {
    std::vector<std::string> urls;  // none: nobody is ever asked
    std::string cache_directory = "/var/cache/footfall/debuginfod";
    std::uint64_t cache_bytes = std::uint64_t{4} << 30;
    std::uint64_t max_file_bytes = std::uint64_t{2} << 30;
    std::chrono::milliseconds patience{30'000};  // with all downloads together
    std::chrono::milliseconds silence{5'000};    // of a server, while it is asked or sends
    std::size_t most_questions = 256;
    std::chrono::seconds absent_for{600};  // then a build-id that nobody knew is asked for again
    // What is started as the helper: a program and its first arguments. It must call run_debuginfod_fetch() with the others.
    std::vector<std::string> command = {"/proc/self/exe", "debuginfod-fetch"};
};

struct FetchedFile {
    Fd file;
    FileDescription description;
};

class DebuginfodClient {
public:
    explicit DebuginfodClient(DebuginfodOptions options);

    [[nodiscard]] bool configured() const { return !options_.urls.empty(); }

    // The debug file of this build, from the cache or from a server. Misses: those that begin with kDebuginfod;
    // kDebugFileMismatch where what a server sent is of another build, or no ELF file; kNoSuchFile where this is no
    // build-id, and nobody was asked.
    tl::expected<FetchedFile, Miss> find(SymbolizerClient& symbolizer, const std::string& build_id);

    // To servers, so far.
    [[nodiscard]] std::size_t questions() const { return questions_; }

private:
    struct Server {
        std::string url;
        Miss given_up = Miss::kNone;  // why it is asked no more
    };

    tl::expected<FetchedFile, Miss> in_cache(SymbolizerClient& symbolizer, const std::string& build_id);
    tl::expected<FetchedFile, Miss> from_servers(SymbolizerClient& symbolizer, const std::string& build_id);
    tl::expected<FetchedFile, Miss> from(Server& server, SymbolizerClient& symbolizer, const std::string& build_id);
    // Lets a helper write what a server sends to the file.
    Miss fetch(const std::string& url, const std::string& build_id, int file);

    // Servers that say that they have none of this build are remembered by a file with their URLs in it.
    [[nodiscard]] bool known_as_absent(const std::string& build_id) const;
    void remember_as_absent(const std::string& build_id);
    [[nodiscard]] std::string all_urls() const;

    DebuginfodOptions options_;
    TimeBudget patience_;
    std::vector<Server> servers_;
    FileCache files_;
    FileCache absent_;
    std::map<std::string, Miss> misses_;  // of this session, by build-id
    std::size_t questions_ = 0;
};

}  // namespace footfall
