#include "symbolizer/unwind/go_frames.h"

#include <array>
#include <limits>
#include <string>

#include "symbolizer/unwind/go_prologue.h"

namespace footfall {
namespace {

constexpr std::int32_t kMostDepth = std::numeric_limits<std::int32_t>::max() - kGoSlotBytes;
constexpr std::int8_t kRbpSlot = -2;  // right below the return address
constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

}  // namespace

// Addresses, from the start of the text on, from which the caller's rbp is in its slot, and rbp is the address of that.
struct GoFrames::Frame {
    std::uint64_t saved = kNever;
    std::uint64_t framed = kNever;
};

std::optional<GoFunction> GoFrames::next() {
    while (number_ < table_.table().function_count) {
        const auto function = table_.function(number_++);
        if (function && function->stack_program != 0) return function;
    }
    return std::nullopt;
}

AddressRange GoFrames::code_of(const GoFunction& function) const {
    return {table_.table().text_start + function.begin, table_.table().text_start + function.end};
}

std::uint64_t GoFrames::covered() {
    const auto first = table_.function(0);
    const auto last = table_.function(table_.table().function_count - 1);
    return first && last && last->end > first->begin ? last->end - first->begin : 0;
}

GoFrames::Frame GoFrames::frame_of(const GoFunction& function) {
    GoStackProgram program(table_, function);
    while (program.next() && program.depth() == 0) {
    }
    const std::uint64_t grown = program.begin();
    if (!program.sound() || program.depth() < kGoSlotBytes || grown < kGoGrowthBytes) return {};
    std::array<std::uint8_t, kGoPrologueBytes> code{};
    read_code(file_, sections_, table_.table().text_start + grown - kGoGrowthBytes, code);
    const GoPrologue prologue = read_go_prologue(code, program.depth());
    return {prologue.saved ? grown + *prologue.saved : kNever, prologue.framed ? grown + *prologue.framed : kNever};
}

GoFrames::Kind GoFrames::kind_of(const GoFunction& function, const Frame& frame) {
    if ((function.flags & kGoTopFrame) != 0) return Kind::kOutermost;
    if ((function.flags & kGoWritesStackPointer) == 0) return Kind::kPlain;
    const std::string name = table_.name_of(function);
    if (name == "runtime.mcall") return Kind::kOutermost;
    // Others may use rbp for something else once they have saved it.
    const bool of_runtime = name.rfind("runtime.", 0) == 0 || name == "time.now";
    return of_runtime && frame.framed != kNever ? Kind::kByRbp : Kind::kUnknown;
}

RowRule GoFrames::rule_at(std::uint64_t address, std::int32_t depth, Kind kind, const Frame& frame) {
    if (kind == Kind::kOutermost) return {FF_CFA_OUTERMOST};
    if (kind == Kind::kUnknown || depth < 0 || depth > kMostDepth) return {FF_CFA_UNSUPPORTED};
    if (kind == Kind::kByRbp && depth > 0 && address >= frame.framed)
        return {FF_CFA_RBP_ELSEWHERE, kRbpSlot, 2 * kGoSlotBytes};
    RowRule rule{FF_CFA_RSP, FF_RBP_SAME, depth + kGoSlotBytes};
    if (depth > 0 && frame.saved == kNever) rule.rbp = FF_RBP_UNKNOWN;
    if (depth > 0 && address >= frame.saved && frame.saved != kNever) rule.rbp = kRbpSlot;
    return rule;
}

// Registers from r8 on have the same number for the processor and for DWARF.
RowRule GoFrames::rule_behind_pop(std::uint64_t address) {
    constexpr std::uint8_t kUpperRegisters = 0x41;
    constexpr std::uint8_t kPop = 0x58;
    std::array<std::uint8_t, 2> pop{};
    read_code(file_, sections_, table_.table().text_start + address - pop.size(), pop);
    if (pop[0] != kUpperRegisters || (pop[1] & 0xf8U) != kPop) return {FF_CFA_UNSUPPORTED};
    return {FF_CFA_RSP_LINK, FF_RBP_SAME, 8 + (pop[1] & 7)};
}

bool GoFrames::run(const GoFunction& function, std::uint64_t end, RowStream& rows) {
    const std::uint64_t text = table_.table().text_start;
    const Frame frame = frame_of(function);
    const Kind kind = kind_of(function, frame);
    GoStackProgram program(table_, function);
    while (program.next() && text + program.begin() < end) {
        const bool popped = program.depth() == -kGoSlotBytes && kind == Kind::kPlain;
        const auto add = [&](std::uint64_t address) {
            const bool inside = address >= program.begin() && address < program.end() && text + address < end;
            if (!inside) return;
            rows.add(text + address,
                     popped ? rule_behind_pop(program.begin()) : rule_at(address, program.depth(), kind, frame));
        };
        add(program.begin());
        add(frame.saved);
        add(frame.framed);
    }
    bytes_read_ += program.bytes_read();
    if (!program.sound() && text + program.end() < end) rows.add(text + program.end(), {FF_CFA_UNSUPPORTED});
    return program.sound();
}

}  // namespace footfall
