#include "symbolizer/interpreters/hotspot/walk_rules.h"

#include <algorithm>

namespace footfall {
namespace {

static_assert(HotspotCode::kMostHeaps == FF_HOTSPOT_HEAPS);

ff_blob_field field_of(HotspotNumber number) { return {number.offset, number.bytes}; }

}  // namespace

ff_hotspot walk_rules_of(const Hotspot& vm) {
    const HotspotLayout& layout = vm.layout;
    ff_hotspot rules{};
    std::transform(vm.code.heaps.begin(), vm.code.heaps.end(), std::begin(rules.heaps), [](const HotspotCodeHeap& heap) {
        return ff_code_heap{heap.start, heap.end, heap.segment_map};
    });
    rules.interpreter_start = vm.code.interpreter_start;
    rules.interpreter_end = vm.code.interpreter_end;
    rules.segment_shift = static_cast<std::uint16_t>(vm.code.segment_shift);
    rules.block_header = layout.block_header;
    rules.header_bytes = std::min<std::uint16_t>(layout.header_bytes, FF_HOTSPOT_HEADER_BYTES);
    rules.const_method = layout.const_method;
    rules.bytecodes = layout.const_method_bytes;
    rules.bcp = layout.bcp_slot;
    rules.code_begin = field_of(layout.code_begin);
    rules.frame_size = field_of(layout.frame_size);
    rules.frame_complete = field_of(layout.frame_complete);
    rules.size = field_of(layout.size);
    rules.compile_id = field_of(layout.compile_id);
    rules.deopt_handler = field_of(layout.deopt_handler);
    rules.deopt_mh_handler = field_of(layout.deopt_mh_handler);
    rules.original_pc = field_of(layout.original_pc);
    return rules;
}

}  // namespace footfall
