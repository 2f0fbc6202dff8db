#include "symbolizer/interpreters/hotspot/code_names.h"

#include <utility>

#include "bpf/contract/hotspot.h"
#include "symbolizer/interpreters/hotspot/code_blob.h"
#include "symbolizer/interpreters/hotspot/method.h"

namespace footfall {
namespace {

using Named = tl::expected<std::vector<JavaLine>, HotspotFrameMiss>;

constexpr unsigned kConstMethodShift = 3;  // as the check is made

JavaLine line_of(const JavaMethod& method, std::int32_t bci) {
    return {method.name, method.file, method.line_at(bci), false};
}

bool is_of(const JavaMethod& method, std::uint32_t check) {
    return ((method.const_method >> kConstMethodShift ^ check) & FF_HOTSPOT_CHECK_BITS) == 0;
}

Named name_interpreted(const Hotspot& vm, MemoryReader& memory, const HotspotFrame& frame) {
    const auto method = read_method(vm.layout, memory, frame.function);
    if (!method || !is_of(*method, frame.check)) return tl::unexpected(HotspotFrameMiss::kGone);
    // Native methods have no bytecode, nor has a method that is about to begin.
    const bool has_place = frame.position < method->code_size;
    return std::vector{line_of(*method, has_place ? static_cast<std::int32_t>(frame.position) : -1)};
}

bool is_still(const CodeBlob& blob, std::uint32_t check) {
    return ((blob.compile_id() ^ check) & FF_HOTSPOT_CHECK_BITS) == 0;
}

Named name_compiled(const Hotspot& vm, MemoryReader& memory, const CodeBlob& blob, const HotspotFrame& frame) {
    if (!is_still(blob, frame.check)) return tl::unexpected(HotspotFrameMiss::kGone);
    std::vector<JavaScope> scopes = blob.scopes_at(frame.position, (frame.check & FF_HOTSPOT_EXACT) != 0);
    // Where nothing is told of the place, as in a native method's, the method is still known.
    if (scopes.empty()) scopes.push_back({blob.method(), -1});
    std::vector<JavaLine> lines;
    for (const JavaScope& scope : scopes) {
        const auto method = read_method(vm.layout, memory, scope.method);
        if (!method) return tl::unexpected(HotspotFrameMiss::kDamaged);
        lines.push_back(line_of(*method, scope.bci));
    }
    // It may have gone while it was read.
    if (!is_still(blob, frame.check)) return tl::unexpected(HotspotFrameMiss::kGone);
    return lines;
}

}  // namespace

tl::expected<std::vector<JavaLine>, HotspotFrameMiss> name_frame(const Hotspot& vm, MemoryReader& memory,
                                                                 const HotspotFrame& frame) {
    if (frame.function == 0) return tl::unexpected(HotspotFrameMiss::kDamaged);
    if ((frame.check & FF_HOTSPOT_INTERPRETED) != 0) return name_interpreted(vm, memory, frame);
    const auto blob = CodeBlob::read(vm, memory, frame.function);
    if (!blob || frame.position > blob->size()) return tl::unexpected(HotspotFrameMiss::kGone);
    if (blob->is_method()) return name_compiled(vm, memory, *blob, frame);
    // Stubs have no compile id, but stay where they are; methods are kept apart from them.
    return std::vector{JavaLine{blob->name(), {}, 0, true}};
}

}  // namespace footfall
