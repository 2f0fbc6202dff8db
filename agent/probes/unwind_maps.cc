#include "agent/probes/unwind_maps.h"

#include <bpf/bpf.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "bpf/contract/script_frames.h"

namespace footfall {
namespace {

constexpr std::size_t kChunkBytes = sizeof(ff_unwind_row) * FF_ROWS_IN_CHUNK;
static_assert(kModuleWithoutRoom == FF_MOST_MODULES - 1);

constexpr std::uint32_t kRowsTogether = 4096;

template <typename Key, typename Value>
bool update(int map, const Key& key, const Value& value) {
    return bpf_map_update_elem(map, &key, &value, BPF_ANY) == 0;
}

// Checked when the file was opened, but whoever made it may still write to it.
bool may_be_a_page(const ff_unwind_page& page) { return page.rows <= FF_UNWIND_PAGE_BYTES; }

std::uint32_t rows_of(std::span<const ff_unwind_page> pages) {
    std::uint32_t rows = 0;
    for (const ff_unwind_page& page : pages) rows += page.rows;
    return rows;
}

// How many of these pages get their rows in one piece: large enough that few are written, small enough that they find room.
std::size_t pages_together(std::span<const ff_unwind_page> pages) {
    std::size_t count = 0;
    std::uint64_t rows = 0;
    while (count < pages.size() && (count == 0 || rows + pages[count].rows <= kRowsTogether)) rows += pages[count++].rows;
    return count;
}

}  // namespace

UnwindMaps::UnwindMaps(const UnwindMapFds& maps, const UnwindMapSizes& sizes)
    : maps_(maps), sizes_(sizes), pages_(sizes.pages), mappings_(sizes.mappings) {}

bool UnwindMaps::publish_table(ModuleNumber module, const TableFile& file) {
    if (tables_.contains(module)) return true;
    // To take other tables away would make no room either: such code is walked from copies.
    if (file.pages() > sizes_.pages || file.rows() > std::uint64_t{sizes_.chunks} * FF_ROWS_IN_CHUNK) return true;
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
    if (!file.read_pages(0, pages) || !std::all_of(pages.begin(), pages.end(), may_be_a_page)) return false;
    for (std::span<ff_unwind_page> left = pages; !left.empty();) {
        const std::size_t together = pages_together(left);
        if (!place_rows(table, file, left.first(together))) return false;
        left = left.subspan(together);
    }
    return write_pages(table.pages.first, pages);
}

// Takes room for the rows of these pages, which lie one behind the other, and makes the pages say where that is.
bool UnwindMaps::place_rows(Table& table, const TableFile& file, std::span<ff_unwind_page> pages) {
    std::vector<ff_unwind_row> rows(rows_of(pages));
    if (rows.empty()) return true;
    if (!file.read_rows(pages.front().first_row, rows)) return false;
    const auto where = take_rows(static_cast<std::uint32_t>(rows.size()));
    if (!where) return false;
    table.rows.push_back(*where);
    std::uint32_t first = where->first;
    for (ff_unwind_page& page : pages) {
        page.first_row = first;
        first += page.rows;
    }
    return write_rows(*where, rows);
}

bool UnwindMaps::write_pages(std::uint32_t first, std::span<const ff_unwind_page> pages) {
    std::vector<std::uint32_t> keys(pages.size());
    std::iota(keys.begin(), keys.end(), first);
    auto count = static_cast<std::uint32_t>(keys.size());
    return bpf_map_update_batch(maps_.pages, keys.data(), pages.data(), &count, nullptr) == 0;
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

bool UnwindMaps::publish_interpreter(Pid pid, const ff_interpreter& interpreter) {
    return update(maps_.interpreters, number(pid), interpreter);
}

void UnwindMaps::forget_interpreter(Pid pid) {
    const std::uint32_t key = number(pid);
    bpf_map_delete_elem(maps_.interpreters, &key);
}

}  // namespace footfall
