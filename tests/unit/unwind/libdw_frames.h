// libdw's answers to where a caller's registers are, and the steps of bpf/unwind, both over made-up registers and memory, so
// that tests can hold one against the other.
#pragma once

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <gelf.h>

#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "bpf/contract/unwind_table.h"

struct ff_frame;

constexpr std::uint64_t kStack = 0x7ffc00000000;
constexpr std::uint64_t kFrames = kStack + 0x100000000;

// Every word of memory is an address that lies above all registers, and another one.
inline std::uint64_t word_at(std::uint64_t address) { return kFrames + (address - kStack) * 16; }

static int read_words(void* to, std::size_t size, std::uint64_t address) {
    for (std::size_t at = 0; at < size; at += 8) {
        const std::uint64_t word = word_at(address + at);
        std::memcpy(static_cast<char*>(to) + at, &word, sizeof word);
    }
    return 0;
}
#define ff_read_user(to, size, address) read_words(to, size, address)
#include "bpf/unwind/step.h"

namespace footfall {

struct Caller {
    bool outermost = false;
    std::uint64_t ip = 0, sp = 0;
    std::optional<std::uint64_t> bp, bx;  // nullopt: it can't be known
};

inline ff_innermost registers() {
    ff_innermost all{};
    for (std::uint64_t i = 0; i < std::size(all.registers); ++i) all.registers[i] = kStack + 0x100000 * (i + 1);
    all.registers[7] = kStack;
    return all;
}

// A frame whose registers are those, and the value that rbx has in a frame; nullopt where it was lost.
inline ff_frame frame_at(std::uint64_t address) {
    const ff_innermost all = registers();
    return {address, all.registers[FF_REGISTER_RSP], all.registers[FF_REGISTER_RBP], FF_BX_IN_REGISTER};
}

inline std::optional<std::uint64_t> rbx_of(const ff_frame& frame) {
    if (frame.bx_at == FF_BX_LOST) return std::nullopt;
    return frame.bx_at == FF_BX_IN_REGISTER ? registers().registers[FF_REGISTER_RBX] : word_at(frame.bx_at);
}

// Evaluates a location that libdw gives. nullopt for operations that occur nowhere in these binaries.
class Evaluator {
public:
    Evaluator(std::uint64_t ip, std::optional<std::uint64_t> cfa) : ip_(ip), cfa_(cfa) {}

    // The value: that of the expression itself, or what lies in the place that it names.
    std::optional<std::uint64_t> value(const Dwarf_Op* operations, std::size_t count, bool is_place) {
        for (std::size_t i = 0; i < count; ++i) {
            if (!execute(operations[i])) return std::nullopt;
            if (operations[i].atom == DW_OP_stack_value || operations[i].atom == DW_OP_regx) is_place = false;
        }
        if (stack_.empty()) return std::nullopt;
        return is_place ? word_at(stack_.back()) : stack_.back();
    }

private:
    std::uint64_t pop() {
        if (stack_.empty()) return 0;
        const std::uint64_t top = stack_.back();
        stack_.pop_back();
        return top;
    }

    bool push(std::uint64_t value) {
        stack_.push_back(value);
        return true;
    }

    bool push_register(std::uint64_t number, std::uint64_t offset) {
        if (number > 16) return false;
        return push((number == 16 ? ip_ : registers().registers[number]) + offset);
    }

    bool execute(const Dwarf_Op& operation) {
        if (operation.atom >= DW_OP_breg0 && operation.atom <= DW_OP_breg16)
            return push_register(operation.atom - DW_OP_breg0, operation.number);
        if (operation.atom >= DW_OP_lit0 && operation.atom <= DW_OP_lit31) return push(operation.atom - DW_OP_lit0);
        switch (operation.atom) {
            case DW_OP_bregx:
                return push_register(operation.number, operation.number2);
            case DW_OP_regx:
                return push_register(operation.number, 0);
            case DW_OP_call_frame_cfa:
                return cfa_ && push(*cfa_);
            case DW_OP_plus_uconst:
                return push(pop() + operation.number);
            case DW_OP_deref:
                return push(word_at(pop()));
            case DW_OP_stack_value:
                return true;
            default:
                return execute_binary(operation.atom);
        }
    }

    bool execute_binary(std::uint8_t atom) {
        const std::uint64_t right = pop();
        const std::uint64_t left = pop();
        switch (atom) {
            case DW_OP_plus:
                return push(left + right);
            case DW_OP_and:
                return push(left & right);
            case DW_OP_shl:
                return push(left << right);
            case DW_OP_ge:
                return push(static_cast<std::int64_t>(left) >= static_cast<std::int64_t>(right) ? 1 : 0);
            default:
                return false;
        }
    }

    std::uint64_t ip_;
    std::optional<std::uint64_t> cfa_;
    std::vector<std::uint64_t> stack_;
};

class LibdwFrame {
public:
    LibdwFrame(Dwarf_CFI* cfi, std::uint64_t address) {
        Dwarf_Frame* frame = nullptr;
        if (dwarf_cfi_addrframe(cfi, address, &frame) != 0) return;
        frame_.reset(frame);
        Dwarf_Addr begin = 0;
        bool signal_frame = false;
        return_register_ = dwarf_frame_info(frame, &begin, &end_, &signal_frame);
    }

    [[nodiscard]] bool found() const { return frame_ != nullptr; }
    [[nodiscard]] std::uint64_t end() const { return end_; }

    // nullopt if libdw's answer is more than this test can evaluate.
    [[nodiscard]] std::optional<Caller> caller(std::uint64_t ip) const {
        Dwarf_Op* operations = nullptr;
        std::size_t count = 0;
        Caller caller;
        if (undefined(return_register_)) {
            caller.outermost = true;
            return caller;
        }
        if (dwarf_frame_cfa(frame_.get(), &operations, &count) != 0) return std::nullopt;
        const auto cfa = Evaluator(ip, std::nullopt).value(operations, count, false);
        if (!cfa) return std::nullopt;
        caller.sp = *cfa;
        const auto address = saved(return_register_, ip, cfa);
        if (!address) return std::nullopt;
        caller.ip = *address;
        caller.bp = saved(6, ip, cfa);
        caller.bx = saved(3, ip, cfa);
        return caller;
    }

private:
    [[nodiscard]] bool undefined(int number) const {
        std::array<Dwarf_Op, 3> space{};
        Dwarf_Op* operations = nullptr;
        std::size_t count = 0;
        return dwarf_frame_register(frame_.get(), number, space.data(), &operations, &count) == 0 && count == 0 &&
               operations != nullptr;
    }

    [[nodiscard]] std::optional<std::uint64_t> saved(int number, std::uint64_t ip, std::optional<std::uint64_t> cfa) const {
        std::array<Dwarf_Op, 3> space{};
        Dwarf_Op* operations = nullptr;
        std::size_t count = 0;
        if (dwarf_frame_register(frame_.get(), number, space.data(), &operations, &count) != 0) return std::nullopt;
        if (count == 0 && operations == nullptr) return registers().registers[static_cast<std::size_t>(number)];
        return Evaluator(ip, cfa).value(operations, count, true);
    }

    struct Free {
        void operator()(Dwarf_Frame* frame) const { std::free(frame); }
    };
    std::unique_ptr<Dwarf_Frame, Free> frame_;
    Dwarf_Addr end_ = 0;
    int return_register_ = -1;
};

}  // namespace footfall
