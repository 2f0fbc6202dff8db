// The modules that the worker has read, up to a limit in bytes: those asked for least recently go first.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <vector>

#include "symbolizer/worker/module.h"

namespace footfall {

class ModuleCache {
public:
    explicit ModuleCache(std::size_t max_bytes) : max_bytes_(max_bytes) {}

    // The module of these files, read now or before. Valid until the next call.
    Module& get(ModuleFds files);
    // Drops what is over the limit, but never the module that was used last. To be called after it was used, which makes it
    // grow.
    void trim();

private:
    // What fstat says of each of a module's files.
    using Key = std::vector<std::uint64_t>;
    struct Entry {
        Key key;
        std::unique_ptr<Module> module;
    };
    static Key key_of(const ModuleFds& files);

    std::size_t max_bytes_;
    std::list<Entry> entries_;  // the most recently used first
};

}  // namespace footfall
