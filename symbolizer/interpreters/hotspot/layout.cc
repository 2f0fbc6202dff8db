#include "symbolizer/interpreters/hotspot/layout.h"

#include <algorithm>
#include <limits>

#include "symbolizer/interpreters/cached_memory.h"

namespace footfall {
namespace {

constexpr int kOldestVersion = 9;       // before, interpreted frames are laid out otherwise
constexpr int kFirstWithoutZeros = 20;  // JDK-8292758
constexpr std::uint64_t kMostHeapBytes = std::uint64_t{1} << 32;
constexpr std::uint64_t kSmallestSegmentShift = 4;
constexpr std::uint64_t kLargestSegmentShift = 16;
constexpr std::uint64_t kMostInterpreterBytes = std::uint64_t{64} << 20;

std::uint16_t bytes_of(const std::string& type) {
    if (type.ends_with('*') || type == "address" || type == "size_t" || type == "uint64_t") return 8;
    if (type == "u2" || type == "uint16_t" || type == "int16_t" || type == "short") return 2;
    if (type == "u1" || type == "bool" || type.find("char") != std::string::npos) return 1;
    return 4;
}

// Takes fields out of the tables, and remembers whether one was not there.
class Picker {
public:
    explicit Picker(const VmTables& tables) : tables_(tables) {}

    [[nodiscard]] bool complete() const { return complete_; }

    [[nodiscard]] HotspotNumber optional(std::string_view structure, std::string_view name) const {
        const VmTables::Field* field = tables_.field(structure, name);
        if (field == nullptr || field->offset > std::numeric_limits<std::uint16_t>::max()) return {};
        return {static_cast<std::uint16_t>(field->offset), bytes_of(field->type)};
    }
    // The first of these that there is.
    HotspotNumber number(std::initializer_list<std::pair<std::string_view, std::string_view>> names) {
        for (const auto& [structure, name] : names) {
            if (const HotspotNumber found = optional(structure, name); found.bytes != 0) return found;
        }
        complete_ = false;
        return {};
    }
    HotspotNumber number(std::string_view structure, std::string_view name) { return number({{structure, name}}); }
    std::uint16_t offset(std::string_view structure, std::string_view name) { return number(structure, name).offset; }

    std::uint64_t address(std::string_view structure, std::string_view name) {
        const VmTables::Field* field = tables_.field(structure, name);
        complete_ &= field != nullptr && field->address != 0;
        return field != nullptr ? field->address : 0;
    }
    std::uint16_t size_of(std::string_view type) {
        const auto size = tables_.size_of(type);
        complete_ &= size && *size != 0 && *size <= std::numeric_limits<std::uint16_t>::max();
        return static_cast<std::uint16_t>(size.value_or(0));
    }
    std::uint32_t constant(std::initializer_list<std::string_view> names) {
        for (const std::string_view name : names) {
            if (const auto found = tables_.constant(name)) return static_cast<std::uint32_t>(*found);
        }
        complete_ = false;
        return 0;
    }

private:
    const VmTables& tables_;
    bool complete_ = true;
};

void pick_blob(Picker& pick, HotspotLayout& layout) {
    layout.name = pick.number("CodeBlob", "_name");
    layout.size = pick.number("CodeBlob", "_size");
    layout.code_begin = pick.number({{"CodeBlob", "_code_offset"}, {"CodeBlob", "_code_begin"}});
    layout.frame_size = pick.number("CodeBlob", "_frame_size");
    layout.frame_complete = pick.number("CodeBlob", "_frame_complete_offset");
    layout.compile_id = pick.number("nmethod", "_compile_id");
    layout.deopt_handler = pick.number({{"nmethod", "_deopt_handler_offset"},
                                        {"CompiledMethod", "_deopt_handler_begin"},
                                        {"nmethod", "_deopt_handler_entry_offset"}});
    layout.deopt_mh_handler = pick.optional("CompiledMethod", "_deopt_mh_handler_begin");
    if (layout.deopt_mh_handler.bytes == 0) layout.deopt_mh_handler = pick.optional("nmethod", "_deopt_mh_handler_offset");
    layout.original_pc = pick.number("nmethod", "_orig_pc_offset");
    for (const HotspotNumber& number :
         {layout.name, layout.size, layout.code_begin, layout.frame_size, layout.frame_complete, layout.compile_id,
          layout.deopt_handler, layout.deopt_mh_handler, layout.original_pc}) {
        layout.header_bytes = std::max<std::uint16_t>(layout.header_bytes, number.offset + number.bytes);
    }
}

// Behind the code up to 22; since 23 in memory of its own, of which a part came back to the header's end in 25.
void pick_scopes(Picker& pick, HotspotLayout& layout) {
    using From = HotspotLayout::From;
    layout.method = pick.number({{"nmethod", "_method"}, {"CompiledMethod", "_method"}});
    layout.scopes_pcs = pick.number("nmethod", "_scopes_pcs_offset");
    layout.immutable_data = pick.optional("nmethod", "_immutable_data");
    if (layout.immutable_data.bytes != 0) {
        layout.scopes_from = From::kImmutableData;
        layout.scopes_data = pick.number("nmethod", "_scopes_data_offset");
        layout.scopes_pcs_end = layout.scopes_data;
    } else {
        layout.scopes_data = pick.number({{"CompiledMethod", "_scopes_data_begin"}, {"nmethod", "_scopes_data_offset"}});
        layout.scopes_pcs_end = pick.number("nmethod", "_dependencies_offset");
    }
    layout.mutable_data = pick.optional("CodeBlob", "_mutable_data");
    if (layout.mutable_data.bytes != 0) {
        layout.metadata_from = From::kMutableDataBehindRelocations;
        layout.relocation_size = pick.number("CodeBlob", "_relocation_size");
    } else {
        layout.metadata = pick.number("nmethod", "_metadata_offset");
        layout.metadata_from = layout.metadata.bytes == 2 ? From::kData : From::kBlob;
        layout.data = pick.number("CodeBlob", "_data_offset");
    }
    layout.pc_desc_bytes = pick.size_of("PcDesc");
    layout.pc_offset = pick.number("PcDesc", "_pc_offset");
    layout.scope_offset = pick.number("PcDesc", "_scope_decode_offset");
}

void pick_method(Picker& pick, HotspotLayout& layout) {
    layout.const_method = pick.offset("Method", "_constMethod");
    layout.const_method_bytes = pick.size_of("ConstMethod");
    layout.constants = pick.offset("ConstMethod", "_constants");
    layout.method_flags = pick.number({{"ConstMethod", "_flags._flags"}, {"ConstMethod", "_flags"}});
    layout.has_lines = pick.constant({"ConstMethodFlags::_misc_has_linenumber_table", "ConstMethod::_has_linenumber_table"});
    layout.code_size = pick.offset("ConstMethod", "_code_size");
    layout.name_index = pick.offset("ConstMethod", "_name_index");
    layout.pool_bytes = pick.size_of("ConstantPool");
    layout.pool_length = pick.offset("ConstantPool", "_length");
    layout.pool_holder = pick.offset("ConstantPool", "_pool_holder");
    layout.source_file_index = pick.optional("ConstantPool", "_source_file_name_index").offset;
    layout.klass_name = pick.offset("Klass", "_name");
    layout.symbol_length = pick.offset("Symbol", "_length");
    layout.symbol_body = pick.offset("Symbol", "_body[0]");
}

void pick_code_cache(Picker& pick, HotspotLayout& layout) {
    layout.heaps = pick.address("CodeCache", "_heaps");
    layout.interpreter_code = pick.address("AbstractInterpreter", "_code");
    layout.array_length = pick.number({{"GrowableArrayBase", "_len"}, {"GenericGrowableArray", "_len"}}).offset;
    layout.array_data = pick.offset("GrowableArray<int>", "_data");
    layout.heap_memory = pick.offset("CodeHeap", "_memory");
    layout.heap_segment_map = pick.offset("CodeHeap", "_segmap");
    layout.heap_segment_shift = pick.offset("CodeHeap", "_log2_segment_size");
    layout.space_low = pick.offset("VirtualSpace", "_low");
    layout.space_high_boundary = pick.offset("VirtualSpace", "_high_boundary");
    layout.block_header = pick.size_of("HeapBlock");
    layout.queue_buffer = pick.offset("StubQueue", "_stub_buffer");
    layout.queue_limit = pick.offset("StubQueue", "_buffer_limit");
}

}  // namespace

tl::expected<HotspotLayout, HotspotMiss> HotspotLayout::of(const VmTables& tables, MemoryReader& memory) {
    Picker pick(tables);
    HotspotLayout layout;
    const auto version = memory.value<std::int32_t>(pick.address("Abstract_VM_Version", "_vm_major_version"));
    layout.version = version.value_or(0);
    pick_blob(pick, layout);
    pick_scopes(pick, layout);
    pick_method(pick, layout);
    pick_code_cache(pick, layout);
    layout.numbers_without_zeros = layout.version >= kFirstWithoutZeros;
    layout.bcp_slot = -64;
    if (!pick.complete() || layout.version < kOldestVersion) return tl::unexpected(HotspotMiss::kUnknownLayout);
    return layout;
}

bool HotspotCode::contains(std::uint64_t address) const {
    return std::any_of(heaps.begin(), heaps.end(),
                       [&](const HotspotCodeHeap& heap) { return address >= heap.start && address < heap.end; });
}

tl::expected<HotspotCode, HotspotMiss> HotspotCode::read(const HotspotLayout& layout, MemoryReader& memory) {
    const auto pointer = [&](std::uint64_t at) { return memory.value<std::uint64_t>(at).value_or(0); };
    const auto missing = tl::unexpected(HotspotMiss::kNotInitialized);
    const std::uint64_t array = pointer(layout.heaps);
    const std::uint64_t queue = pointer(layout.interpreter_code);
    if (array == 0 || queue == 0) return missing;
    const auto count = memory.value<std::uint32_t>(array + layout.array_length).value_or(0);
    const std::uint64_t list = pointer(array + layout.array_data);
    if (count == 0 || count > kMostHeaps || list == 0) return missing;

    HotspotCode code;
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t heap = pointer(list + i * sizeof(std::uint64_t));
        const std::uint64_t memory_of_heap = heap + layout.heap_memory;
        HotspotCodeHeap& read = code.heaps[i];
        read.start = pointer(memory_of_heap + layout.space_low);
        read.end = pointer(memory_of_heap + layout.space_high_boundary);
        read.segment_map = pointer(heap + layout.heap_segment_map + layout.space_low);
        code.segment_shift = memory.value<std::uint32_t>(heap + layout.heap_segment_shift).value_or(0);
        if (heap == 0 || read.start == 0 || read.end <= read.start || read.end - read.start > kMostHeapBytes ||
            read.segment_map == 0 || code.segment_shift < kSmallestSegmentShift ||
            code.segment_shift > kLargestSegmentShift) {
            return missing;
        }
    }
    code.interpreter_start = pointer(queue + layout.queue_buffer);
    const auto limit = memory.value<std::uint32_t>(queue + layout.queue_limit).value_or(0);
    code.interpreter_end = code.interpreter_start + limit;
    if (limit == 0 || limit > kMostInterpreterBytes || !code.contains(code.interpreter_start) ||
        !code.contains(code.interpreter_end - 1)) {
        return missing;
    }
    return code;
}

tl::expected<Hotspot, HotspotMiss> Hotspot::read(MemoryReader& memory, std::uint64_t libjvm) {
    CachedMemory cached(memory);
    const auto tables = VmTables::read(cached, libjvm);
    if (!tables) return tl::unexpected(HotspotMiss::kNoTables);
    const auto layout = HotspotLayout::of(*tables, cached);
    if (!layout) return tl::unexpected(layout.error());
    const auto code = HotspotCode::read(*layout, cached);
    if (!code) return tl::unexpected(code.error());
    return Hotspot{*layout, *code};
}

}  // namespace footfall
