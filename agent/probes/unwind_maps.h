// The maps that the stacks probe walks by (bpf/contract/stack_maps.h), from the agent's side: lays unwind tables and
// mappings into them and takes them out again, within a limit of memory.
//
// Rows live in chunks, which are made as they are needed; all else has its size from the start. Thread: one.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "agent/base/fd.h"
#include "agent/base/result.h"
#include "agent/probes/extents.h"
#include "agent/stacks/kernel_tables.h"
#include "bpf/contract/stack_maps.h"

namespace footfall {

// Descriptors of the probe's maps; borrowed.
struct UnwindMapFds {
    int processes = -1;
    int mappings = -1;
    int modules = -1;
    int pages = -1;
    int rows = -1;
    int interpreters = -1;
};

// How many entries the maps have. Together some 10 MiB, and 256 KiB for each chunk of rows in use.
struct UnwindMapSizes {
    std::uint32_t mappings = 32768;
    std::uint32_t pages = kMaxTablePages;  // 1 GiB of code
    std::uint32_t chunks = 256;            // of FF_ROWS_IN_CHUNK rows: 64 MiB
};

class UnwindMaps final : public KernelTables {
public:
    UnwindMaps(const UnwindMapFds& maps, const UnwindMapSizes& sizes);

    bool publish_table(ModuleNumber module, const TableFile& table) override;
    void publish_no_table(ModuleNumber module) override;
    void withdraw_table(ModuleNumber module) override;
    bool publish_process(Pid pid, std::span<const PlacedMapping> mappings, const MemoryIdentity& memory) override;
    void forget_process(Pid pid) override;
    bool publish_interpreter(Pid pid, const ff_interpreter& interpreter) override;
    void forget_interpreter(Pid pid) override;

    // Bytes of rows that the kernel holds for us.
    [[nodiscard]] std::uint64_t row_bytes() const { return chunks_.size() * sizeof(ff_unwind_row) * FF_ROWS_IN_CHUNK; }

private:
    struct Range {
        std::uint32_t first = 0;
        std::uint32_t count = 0;
    };
    struct Chunk {
        Fd map;
        Extents extents{FF_ROWS_IN_CHUNK};
    };
    struct Table {
        Range pages;
        std::vector<Range> rows;  // of all chunks: chunk * FF_ROWS_IN_CHUNK + row
    };

    bool fill(Table& table, const TableFile& file);
    bool place_rows(Table& table, const TableFile& file, std::span<ff_unwind_page> pages);
    bool write_pages(std::uint32_t first, std::span<const ff_unwind_page> pages);
    std::optional<Range> take_rows(std::uint32_t count);
    bool add_chunk();
    bool write_rows(const Range& where, std::span<const ff_unwind_row> rows);
    void give_back(const Table& table);

    UnwindMapFds maps_;
    UnwindMapSizes sizes_;
    Extents pages_;
    Extents mappings_;
    std::vector<Chunk> chunks_;
    std::unordered_map<ModuleNumber, Table> tables_;
    std::unordered_map<Pid, Range> processes_;
};

}  // namespace footfall
