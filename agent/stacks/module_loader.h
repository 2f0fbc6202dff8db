// Finds out what modules are and where their callers' registers lie, on a thread of its own, so that the pipeline never
// waits for a file: describes them, and gets their unwind tables from the cache or has them built by the symbolizer's
// worker.
//
// Threads: the loader's own; everything public is called from one other thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "agent/base/fd.h"
#include "agent/stacks/table_cache.h"
#include "symbolizer/elf/description.h"
#include "symbolizer/unwind/table_file.h"
#include "symbolizer/worker/symbolizer_client.h"

namespace footfall {

struct LoaderOptions {
    std::filesystem::path cache_directory = "/var/cache/footfall/unwind";
    std::uint64_t cache_bytes = std::uint64_t{256} << 20;
    SymbolizerOptions worker;
};

// What became of a request. One of description and table is meant, as asked for.
struct Loaded {
    std::uint64_t ticket = 0;
    bool is_table = false;
    Miss miss = Miss::kNone;
    FileDescription description;
    std::optional<TableFile> table;
};

class ModuleLoader {
public:
    explicit ModuleLoader(LoaderOptions options);
    ~ModuleLoader();
    ModuleLoader(const ModuleLoader&) = delete;
    ModuleLoader& operator=(const ModuleLoader&) = delete;

    // The answers come by take(), in the order of the questions. file is duplicated; ticket is the caller's to choose.
    void describe(std::uint64_t ticket, int file);
    void load_table(std::uint64_t ticket, int file, std::string name);

    // What is done since the last call. Never waits.
    std::vector<Loaded> take();

private:
    struct Job {
        std::uint64_t ticket = 0;
        bool is_table = false;
        Fd file;
        std::string name;
    };

    void add(Job job);
    void run();
    std::optional<Job> next();
    Loaded perform(const Job& job, SymbolizerClient& client);
    Loaded make_table(const Job& job, SymbolizerClient& client);

    LoaderOptions options_;
    std::mutex mutex_;
    std::condition_variable wanted_;
    std::deque<Job> jobs_;
    std::vector<Loaded> done_;
    bool ending_ = false;
    std::thread thread_;  // the last member: it uses all of the others
};

}  // namespace footfall
