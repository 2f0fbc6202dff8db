#include "agent/stacks/table_cache.h"

#include <sys/mman.h>

#include <cerrno>
#include <utility>

namespace footfall {
namespace {

constexpr const char* kSuffix = ".unwind3";  // the number changes with the format

}  // namespace

TableCache::TableCache(const std::filesystem::path& directory, std::uint64_t max_bytes)
    : files_(directory, kSuffix, max_bytes) {}

std::optional<TableFile> TableCache::find(const std::string& name) {
    Fd file = files_.open(name);
    if (!file.valid()) return std::nullopt;
    FileCache::mark_used(file.get());
    auto table = TableFile::open(std::move(file));
    if (table) return std::move(*table);
    files_.remove(name);
    return std::nullopt;
}

Result<Fd> TableCache::create() const {
    auto file = files_.create();
    return file ? std::move(file) : create_in_memory();
}

// NOLINTNEXTLINE(readability-convert-member-functions-to-static): one of two ways to the same
Result<Fd> TableCache::create_in_memory() const {
    Fd file(memfd_create("footfall-unwind-table", MFD_CLOEXEC));
    if (!file.valid()) return system_failure("cannot make a file for an unwind table", errno);
    return file;
}

}  // namespace footfall
