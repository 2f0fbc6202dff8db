#include "symbolizer/functions/function_body.h"

#include <algorithm>

namespace footfall {
namespace {

bool stops(const PlainInstruction& decoded) {
    switch (decoded.mnemonic) {
        case ZYDIS_MNEMONIC_UD0:
        case ZYDIS_MNEMONIC_UD1:
        case ZYDIS_MNEMONIC_UD2:
        case ZYDIS_MNEMONIC_HLT:
        case ZYDIS_MNEMONIC_INT3:
            return true;
        default:
            return false;
    }
}

bool is_condition_of_flags(const PlainInstruction& instruction) {
    const bool is_short = instruction.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT && instruction.opcode >> 4U == 7;
    const bool is_near = instruction.opcode_map == ZYDIS_OPCODE_MAP_0F && instruction.opcode >> 4U == 8;
    return is_short || is_near;
}

Step step_of(const PlainInstruction& decoded, std::uint64_t address) {
    Step step;
    step.address = address;
    step.length = decoded.length;
    step.emulated = is_emulated(decoded);
    step.takes_probe = takes_probe(decoded);
    step.is_call = decoded.meta.category == ZYDIS_CATEGORY_CALL;
    step.is_nop = decoded.meta.category == ZYDIS_CATEGORY_NOP || decoded.meta.category == ZYDIS_CATEGORY_WIDENOP;
    const auto target = target_of(decoded, address);
    if (decoded.meta.category == ZYDIS_CATEGORY_RET) {
        step.flow = Flow::kReturn;
    } else if (decoded.meta.category == ZYDIS_CATEGORY_UNCOND_BR) {
        step.flow = target ? Flow::kJump : Flow::kIndirect;
    } else if (decoded.meta.category == ZYDIS_CATEGORY_COND_BR) {
        step.flow = Flow::kBranch;
        if (is_condition_of_flags(decoded)) step.condition = decoded.opcode & 0xfU;
    } else if (stops(decoded)) {
        step.flow = Flow::kStop;
    }
    if (step.flow == Flow::kJump || step.flow == Flow::kBranch) step.target = target.value_or(0);
    return step;
}

// What follows a call at the end does not run: the compiler knows that it does not come back.
bool runs_on(const std::vector<Step>& steps, std::size_t first) {
    std::size_t last = steps.size();
    while (last > first && steps[last - 1].is_nop) --last;
    return last == first || (steps[last - 1].falls_through() && !steps[last - 1].is_call);
}

}  // namespace

tl::expected<FunctionBody, NotTimed> FunctionBody::read(const ExitQuery& query) {
    FunctionBody body;
    body.spans_.push_back(query.code);
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < body.spans_.size(); ++i) {  // finds more of them
        bytes += body.spans_[i].bytes.size();
        if (bytes > kMostExitCode) return tl::unexpected(NotTimed::kTooLarge);
        const std::size_t first = body.steps_.size();
        if (const NotTimed miss = body.read_span(body.spans_[i]); miss != NotTimed::kNone) return tl::unexpected(miss);
        if (const NotTimed miss = body.find_parts(query, first); miss != NotTimed::kNone) return tl::unexpected(miss);
    }
    std::sort(body.steps_.begin(), body.steps_.end(), [](const Step& a, const Step& b) { return a.address < b.address; });
    for (const Step& step : body.steps_) {
        const bool jumps = step.flow == Flow::kJump || step.flow == Flow::kBranch;
        if (jumps && body.contains(step.target) && !body.step_at(step.target)) return tl::unexpected(NotTimed::kUnreadable);
    }
    return body;
}

NotTimed FunctionBody::read_span(const CodeSpan& span) {
    const std::size_t first = steps_.size();
    for (std::size_t at = 0; at < span.bytes.size(); at += steps_.back().length) {
        const auto decoded = decoder_.decode_plain(span.bytes.subspan(at));
        if (!decoded) return NotTimed::kUnreadable;
        steps_.push_back(step_of(*decoded, span.address + at));
    }
    return runs_on(steps_, first) ? NotTimed::kRunsOn : NotTimed::kNone;
}

NotTimed FunctionBody::find_parts(const ExitQuery& query, std::size_t first_step) {
    for (std::size_t i = first_step; i < steps_.size(); ++i) {
        const bool jumps = steps_[i].flow == Flow::kJump || steps_[i].flow == Flow::kBranch;
        if (!jumps || contains(steps_[i].target)) continue;
        const JumpTarget target = query.target(steps_[i].target);
        if (target.kind == JumpTarget::Kind::kUnknown) return NotTimed::kUnknownJump;
        if (target.kind == JumpTarget::Kind::kPart) spans_.push_back(target.part);
    }
    return NotTimed::kNone;
}

bool FunctionBody::contains(std::uint64_t address) const {
    return std::any_of(spans_.begin(), spans_.end(), [&](const CodeSpan& span) { return span.contains(address); });
}

std::optional<std::size_t> FunctionBody::step_at(std::uint64_t address) const {
    const auto found = std::lower_bound(steps_.begin(), steps_.end(), address,
                                        [](const Step& step, std::uint64_t at) { return step.address < at; });
    if (found == steps_.end() || found->address != address) return std::nullopt;
    return static_cast<std::size_t>(found - steps_.begin());
}

std::optional<std::size_t> FunctionBody::next_of(std::size_t step) const {
    if (!steps_[step].falls_through() || step + 1 >= steps_.size()) return std::nullopt;
    return steps_[step + 1].address == steps_[step].end() ? std::optional(step + 1) : std::nullopt;
}

Instruction FunctionBody::instruction(const Step& step) const {
    for (const CodeSpan& span : spans_) {
        if (!span.contains(step.address)) continue;
        if (const auto decoded = decoder_.decode(span.bytes.subspan(step.address - span.address))) return *decoded;
    }
    return {};
}

}  // namespace footfall
