#include "symbolizer/worker/module_cache.h"

#include <malloc.h>
#include <sys/stat.h>

#include <algorithm>

namespace footfall {
namespace {

constexpr std::size_t kMaxModules = 64;  // each keeps up to three descriptors open
// The symbols of the largest programs (browsers, databases) take some tens of megabytes.
constexpr std::size_t kMaxSymbolTable = std::size_t{256} << 20;
// Of the limit, for the debug information of one module; units and what libdw decoded have this much each.
constexpr std::size_t kShareOfDebugInformation = 4;

}  // namespace

ModuleCache::Key ModuleCache::key_of(const ModuleFds& files) {
    Key key;
    for (const Fd* file : {&files.elf, &files.debug, &files.alt}) {
        struct stat status {};
        if (file->valid()) fstat(file->get(), &status);
        key.insert(key.end(),
                   {status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size),
                    static_cast<std::uint64_t>(status.st_mtim.tv_sec), static_cast<std::uint64_t>(status.st_mtim.tv_nsec)});
    }
    return key;
}

Module& ModuleCache::get(ModuleFds files) {
    Key key = key_of(files);
    const auto known = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.key == key; });
    if (known != entries_.end()) {
        entries_.splice(entries_.begin(), entries_, known);
        return *known->module;
    }
    const ModuleLimits limits{kMaxSymbolTable, max_bytes_ / kShareOfDebugInformation};
    entries_.push_front({std::move(key), std::make_unique<Module>(std::move(files), limits)});
    return *entries_.front().module;
}

void ModuleCache::trim() {
    std::size_t bytes = 0;
    for (const Entry& entry : entries_) bytes += entry.module->bytes();
    const std::size_t before = entries_.size();
    while (entries_.size() > 1 && (bytes > max_bytes_ || entries_.size() > kMaxModules)) {
        bytes -= entries_.back().module->bytes();
        entries_.pop_back();
    }
    if (entries_.size() < before) malloc_trim(0);
}

}  // namespace footfall
