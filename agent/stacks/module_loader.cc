#include "agent/stacks/module_loader.h"

#include <fcntl.h>

#include <utility>

namespace footfall {

ModuleLoader::ModuleLoader(LoaderOptions options) : options_(std::move(options)), thread_([this] { run(); }) {}

ModuleLoader::~ModuleLoader() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    wanted_.notify_one();
    thread_.join();
}

void ModuleLoader::describe(std::uint64_t ticket, int file) {
    add({ticket, false, Fd(fcntl(file, F_DUPFD_CLOEXEC, 0)), {}});
}

void ModuleLoader::load_table(std::uint64_t ticket, int file, std::string name) {
    add({ticket, true, Fd(fcntl(file, F_DUPFD_CLOEXEC, 0)), std::move(name)});
}

void ModuleLoader::add(Job job) {
    {
        const std::lock_guard lock(mutex_);
        jobs_.push_back(std::move(job));
    }
    wanted_.notify_one();
}

std::vector<Loaded> ModuleLoader::take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(done_, {});
}

std::optional<ModuleLoader::Job> ModuleLoader::next() {
    std::unique_lock lock(mutex_);
    wanted_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
    if (ending_) return std::nullopt;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    return job;
}

void ModuleLoader::run() {
    SymbolizerClient client(options_.worker);
    while (const std::optional<Job> job = next()) {
        Loaded loaded = perform(*job, client);
        const std::lock_guard lock(mutex_);
        done_.push_back(std::move(loaded));
    }
}

Loaded ModuleLoader::perform(const Job& job, SymbolizerClient& client) {
    if (job.is_table) return make_table(job, client);
    Loaded loaded{.ticket = job.ticket};
    auto described = client.describe(job.file.get());
    if (described) {
        loaded.description = std::move(*described);
    } else {
        loaded.miss = described.error();
    }
    return loaded;
}

Loaded ModuleLoader::make_table(const Job& job, SymbolizerClient& client) {
    Loaded loaded{.ticket = job.ticket, .is_table = true};
    TableCache cache(options_.cache_directory, options_.cache_bytes);
    loaded.table = cache.find(job.name);
    if (loaded.table) return loaded;
    // A full disk costs only the cache.
    for (const auto& create : {&TableCache::create, &TableCache::create_in_memory}) {
        auto file = (cache.*create)();
        loaded.miss = file ? client.build_unwind_table(job.file.get(), file->get()) : Miss::kNoPermission;
        if (loaded.miss != Miss::kNone) continue;
        Fd named(fcntl(file->get(), F_DUPFD_CLOEXEC, 0));
        // Made by a process that we don't trust: checked like any file.
        if (auto table = TableFile::open(std::move(*file))) {
            loaded.table = std::move(*table);
            cache.keep(named.get(), job.name);
            return loaded;
        }
        loaded.miss = Miss::kMalformed;
    }
    return loaded;
}

}  // namespace footfall
