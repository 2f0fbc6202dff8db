#include "agent/probes/unwind_maps.h"

#include <bpf/bpf.h>
#include <sys/mman.h>

#include <cstring>
#include <utility>

namespace footfall {
namespace {

constexpr std::size_t kChunkBytes = sizeof(ff_unwind_row) * FF_ROWS_IN_CHUNK;

template <typename Key, typename Value>
bool update(int map, const Key& key, const Value& value) {
    return bpf_map_update_elem(map, &key, &value, BPF_ANY) == 0;
}

}  // namespace

UnwindMaps::UnwindMaps(const UnwindMapFds& maps, const UnwindMapSizes& sizes)
    : maps_(maps), sizes_(sizes), pages_(sizes.pages), mappings_(sizes.mappings) {}

bool UnwindMaps::publish_table(ModuleNumber module, const TableFile& file) {
    if (tables_.contains(module)) return true;
    if (file.pages() == 0) {
        publish_no_table(module);
        return true;
    }
    Table table;
    const auto first = pages_.take(file.pages(), monotonic_now());
    if (!first) return false;
    table.pages = {*first, file.pages()};
    if (!fill(table, file)) {
        give_back(table);
        return false;
    }
    const ff_module entry{table.pages.first, table.pages.count, static_cast<std::uint32_t>(file.first_page()),
                          FF_TABLE_LOADED};
    tables_.emplace(module, std::move(table));
    return update(maps_.modules, static_cast<std::uint32_t>(module), entry);
}

bool UnwindMaps::fill(Table& table, const TableFile& file) {
    std::vector<ff_unwind_page> pages(file.pages());
    if (!file.read_pages(0, pages)) return false;
    for (std::uint32_t i = 0; i < pages.size(); ++i) {
        if (!place_page(table, file, pages[i], table.pages.first + i)) return false;
    }
    return true;
}

bool UnwindMaps::place_page(Table& table, const TableFile& file, const ff_unwind_page& page, std::uint32_t number) {
    ff_unwind_page placed{};
    // A page with more rows than a chunk holds can only be a lie: its code has no rules then.
    if (page.rows != 0 && page.rows <= FF_ROWS_IN_CHUNK) {
        const auto where = take_rows(page.rows);
        if (!where) return false;
        table.rows.push_back(*where);
        std::vector<ff_unwind_row> rows(page.rows);
        if (!file.read_rows(page.first_row, rows) || !write_rows(*where, rows)) return false;
        placed = {where->first, where->count};
    }
    return update(maps_.pages, number, placed);
}

std::optional<UnwindMaps::Range> UnwindMaps::take_rows(std::uint32_t count) {
    const MonotonicTime now = monotonic_now();
    for (std::size_t i = 0; i < chunks_.size() || add_chunk(); ++i) {
        const auto first = chunks_[i].extents.take(count, now);
        if (first) return Range{static_cast<std::uint32_t>(i) * FF_ROWS_IN_CHUNK + *first, count};
    }
    return std::nullopt;
}

bool UnwindMaps::add_chunk() {
    if (chunks_.size() >= sizes_.chunks) return false;
    bpf_map_create_opts options{};
    options.sz = sizeof options;
    options.map_flags = BPF_F_MMAPABLE;
    Chunk chunk;
    chunk.map = Fd(bpf_map_create(BPF_MAP_TYPE_ARRAY, "unwind_chunk", sizeof(std::uint32_t), kChunkBytes, 1, &options));
    if (!chunk.map.valid() || !update(maps_.rows, static_cast<std::uint32_t>(chunks_.size()), chunk.map.get())) return false;
    chunks_.push_back(std::move(chunk));
    return true;
}

bool UnwindMaps::write_rows(const Range& where, std::span<const ff_unwind_row> rows) {
    const int map = chunks_[where.first / FF_ROWS_IN_CHUNK].map.get();
    void* memory = mmap(nullptr, kChunkBytes, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
    if (memory == MAP_FAILED) return false;
    std::memcpy(static_cast<ff_unwind_row*>(memory) + where.first % FF_ROWS_IN_CHUNK, rows.data(), rows.size_bytes());
    munmap(memory, kChunkBytes);
    return true;
}

void UnwindMaps::publish_no_table(ModuleNumber module) {
    update(maps_.modules, static_cast<std::uint32_t>(module), ff_module{0, 0, 0, FF_TABLE_NONE});
}

void UnwindMaps::withdraw_table(ModuleNumber module) {
    update(maps_.modules, static_cast<std::uint32_t>(module), ff_module{0, 0, 0, FF_TABLE_MISSING});
    const auto table = tables_.extract(module);
    if (table) give_back(table.mapped());
}

void UnwindMaps::give_back(const Table& table) {
    const MonotonicTime now = monotonic_now();
    for (const Range& rows : table.rows) {
        chunks_[rows.first / FF_ROWS_IN_CHUNK].extents.give_back(rows.first % FF_ROWS_IN_CHUNK, rows.count, now);
    }
    pages_.give_back(table.pages.first, table.pages.count, now);
}

bool UnwindMaps::publish_process(Pid pid, std::span<const PlacedMapping> mappings, const MemoryIdentity& memory) {
    const auto count = static_cast<std::uint32_t>(std::min<std::size_t>(mappings.size(), FF_MOST_MAPPINGS));
    const auto first = mappings_.take(count, monotonic_now());
    if (!first) return false;
    for (std::uint32_t i = 0; i < count; ++i) {
        const PlacedMapping& mapping = mappings[i];
        update(maps_.mappings, *first + i, ff_mapping{mapping.start, mapping.end, mapping.bias, mapping.module, 0});
    }
    const bool published = update(maps_.processes, number(pid),
                                  ff_process_mappings{memory.executable_pages, memory.stack_start, *first, count});
    const Range before = std::exchange(processes_[pid], Range{*first, count});
    mappings_.give_back(before.first, before.count, monotonic_now());
    return published;
}

void UnwindMaps::forget_process(Pid pid) {
    const std::uint32_t key = number(pid);
    bpf_map_delete_elem(maps_.processes, &key);
    const auto range = processes_.extract(pid);
    if (range) mappings_.give_back(range.mapped().first, range.mapped().count, monotonic_now());
}

}  // namespace footfall
