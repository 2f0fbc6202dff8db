// Where a HotSpot virtual machine of some version keeps what stacks and names are read from: offsets of fields, taken from
// the tables of VmTables, so that no version is built in here; and where its code lies now.
//
// Plain values. Offsets are bytes, addresses are the process's. x86-64 only. Threads: any; no state.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <tl/expected.hpp>
#include <vector>

#include "symbolizer/interpreters/hotspot/vm_tables.h"
#include "symbolizer/interpreters/memory.h"

namespace footfall {

enum class HotspotMiss : std::uint8_t {
    kNoTables,        // libjvm exports no tables, or they can't be read
    kUnknownLayout,   // the tables lack something: a version that is not read
    kNotInitialized,  // it has no code yet, or not any more
};

// A number in a structure.
struct HotspotNumber {
    std::uint16_t offset = 0;
    std::uint16_t bytes = 0;  // 1, 2, 4 or 8; 0: this version has none
};

struct HotspotLayout {
    int version = 0;  // 17, 21, …

    // CodeBlob, nmethod. A place in them is an address if it has 8 bytes, else counted from the blob on; entry points
    // excepted.
    HotspotNumber name;
    HotspotNumber size;
    HotspotNumber code_begin;
    HotspotNumber frame_size;
    HotspotNumber frame_complete;
    HotspotNumber compile_id;
    HotspotNumber deopt_handler;
    HotspotNumber deopt_mh_handler;
    HotspotNumber original_pc;
    std::uint16_t header_bytes = 0;  // that hold all of the above

    // nmethod: where what was inlined is told. Lists of PcDesc end where the next list begins.
    HotspotNumber method;
    HotspotNumber scopes_pcs;
    HotspotNumber scopes_pcs_end;
    HotspotNumber scopes_data;
    HotspotNumber metadata;
    enum class From : std::uint8_t { kBlob, kData, kImmutableData, kMutableDataBehindRelocations };
    From scopes_from = From::kBlob;
    From metadata_from = From::kBlob;
    HotspotNumber data;
    HotspotNumber immutable_data;
    HotspotNumber mutable_data;
    HotspotNumber relocation_size;
    bool numbers_without_zeros = false;  // compressed ones (UNSIGNED5) have no zero bytes: since 20

    // PcDesc.
    std::uint16_t pc_desc_bytes = 0;
    HotspotNumber pc_offset;
    HotspotNumber scope_offset;

    // Method, ConstMethod, ConstantPool, Klass, Symbol.
    std::uint16_t const_method = 0;
    std::uint16_t const_method_bytes = 0;  // bytecodes come behind it
    std::uint16_t constants = 0;
    HotspotNumber method_flags;
    std::uint32_t has_lines = 0;  // in these flags
    std::uint16_t code_size = 0;  // 2 bytes each, as the next
    std::uint16_t name_index = 0;
    std::uint16_t pool_bytes = 0;  // entries of 8 bytes come behind it
    std::uint16_t pool_length = 0;
    std::uint16_t pool_holder = 0;
    std::uint16_t source_file_index = 0;
    std::uint16_t klass_name = 0;
    std::uint16_t symbol_length = 0;
    std::uint16_t symbol_body = 0;

    // Interpreted frames: from rbp on.
    std::int16_t bcp_slot = 0;

    // Where the code cache is told, and in which form.
    std::uint64_t heaps = 0;
    std::uint64_t interpreter_code = 0;
    std::uint16_t array_length = 0;
    std::uint16_t array_data = 0;
    std::uint16_t heap_memory = 0;
    std::uint16_t heap_segment_map = 0;
    std::uint16_t heap_segment_shift = 0;
    std::uint16_t space_low = 0;
    std::uint16_t space_high_boundary = 0;
    std::uint16_t block_header = 0;
    std::uint16_t queue_buffer = 0;
    std::uint16_t queue_limit = 0;

    static tl::expected<HotspotLayout, HotspotMiss> of(const VmTables& tables, MemoryReader& memory);
};

struct HotspotCodeHeap {
    std::uint64_t start = 0;
    std::uint64_t end = 0;  // of what is reserved; not included
    std::uint64_t segment_map = 0;
};

// Fixed from the start of a virtual machine to its end.
struct HotspotCode {
    static constexpr std::size_t kMostHeaps = 3;

    std::array<HotspotCodeHeap, kMostHeaps> heaps;
    std::uint32_t segment_shift = 0;
    std::uint64_t interpreter_start = 0;
    std::uint64_t interpreter_end = 0;

    [[nodiscard]] bool contains(std::uint64_t address) const;

    static tl::expected<HotspotCode, HotspotMiss> read(const HotspotLayout& layout, MemoryReader& memory);
};

// All that is known of one virtual machine.
struct Hotspot {
    HotspotLayout layout;
    HotspotCode code;

    // libjvm: where its first byte is mapped.
    static tl::expected<Hotspot, HotspotMiss> read(MemoryReader& memory, std::uint64_t libjvm);
};

}  // namespace footfall
