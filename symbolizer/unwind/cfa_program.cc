#include "symbolizer/unwind/cfa_program.h"

#include <dwarf.h>

#include <cstddef>
#include <optional>
#include <vector>

#include "symbolizer/unwind/byte_cursor.h"
#include "symbolizer/unwind/encoded_pointer.h"

namespace footfall {
namespace {

constexpr std::size_t kMaxRemembered = 32;
constexpr std::uint8_t kPrimaryMask = 0xc0;  // the operation is in the upper two bits, its operand in the others
constexpr std::uint8_t kMipsAdvanceLoc8 = 0x1d;

class Machine {
public:
    // rows: nullptr while the instructions of a CIE run, which apply to no address.
    Machine(std::span<const std::uint8_t> instructions, const Cie& cie, const ProgramPlace& place, RowStream* rows)
        : at_(instructions), cie_(cie), place_(place), rows_(rows), location_(place.code.begin), state_(cie.initial) {}

    bool run() {
        while (!at_.at_end() && ok_ && !finished_) execute(at_.number<std::uint8_t>());
        const bool sound = ok_ && at_.ok();
        if (rows_ != nullptr && !finished_) emit(sound ? row_of(state_, cie_.signal_frame) : RowRule{FF_CFA_UNSUPPORTED});
        return sound;
    }

    [[nodiscard]] const CfaState& state() const { return state_; }

private:
    void emit(RowRule rule) { rows_->add(location_, rule); }

    void execute(std::uint8_t instruction) {
        const std::uint8_t operand = instruction & static_cast<std::uint8_t>(~kPrimaryMask);
        switch (instruction & kPrimaryMask) {
            case DW_CFA_advance_loc:
                return advance(operand);
            case DW_CFA_offset:
                return save_at_cfa(operand, static_cast<std::int64_t>(at_.uleb()));
            case DW_CFA_restore:
                return restore(operand);
            default:
                return execute_extended(instruction);
        }
    }

    void execute_extended(std::uint8_t instruction) {
        switch (instruction) {
            case DW_CFA_nop:
                return;
            case DW_CFA_set_loc:
                return set_location(read_encoded_pointer(at_, cie_.pointer_encoding, place_.address));
            case DW_CFA_advance_loc1:
                return advance(at_.number<std::uint8_t>());
            case DW_CFA_advance_loc2:
                return advance(at_.number<std::uint16_t>());
            case DW_CFA_advance_loc4:
                return advance(at_.number<std::uint32_t>());
            case kMipsAdvanceLoc8:
                return advance(at_.number<std::uint64_t>());
            case DW_CFA_remember_state:
                return remember();
            case DW_CFA_restore_state:
                return recall();
            case DW_CFA_GNU_args_size:
                at_.uleb();
                return;
            default:
                return is_cfa_instruction(instruction) ? define_cfa(instruction) : define_register(instruction);
        }
    }

    static bool is_cfa_instruction(std::uint8_t instruction) {
        return (instruction >= DW_CFA_def_cfa && instruction <= DW_CFA_def_cfa_expression) ||
               instruction == DW_CFA_def_cfa_sf || instruction == DW_CFA_def_cfa_offset_sf;
    }

    void define_cfa(std::uint8_t instruction) {
        switch (instruction) {
            case DW_CFA_def_cfa: {
                const std::uint64_t base = at_.uleb();
                return set_cfa(base, static_cast<std::int64_t>(at_.uleb()));
            }
            case DW_CFA_def_cfa_sf: {
                const std::uint64_t base = at_.uleb();
                return set_cfa(base, factored(at_.sleb()));
            }
            case DW_CFA_def_cfa_register:
                return change_cfa(at_.uleb(), state_.cfa.offset);
            case DW_CFA_def_cfa_offset:
                return change_cfa(state_.cfa.base, static_cast<std::int64_t>(at_.uleb()));
            case DW_CFA_def_cfa_offset_sf:
                return change_cfa(state_.cfa.base, factored(at_.sleb()));
            default:
                state_.cfa = cfa_of_expression(at_.take(at_.uleb()));
        }
    }

    void set_cfa(std::uint64_t base, std::int64_t offset) { state_.cfa = {CfaRule::Kind::kRegister, base, offset, 0}; }

    // Only a CFA of the form register + offset has one of them to change. `breg7 8` is of that form as an expression too.
    void change_cfa(std::uint64_t base, std::int64_t offset) {
        if (state_.cfa.kind != CfaRule::Kind::kRegister) {
            ok_ = false;
            return;
        }
        set_cfa(base, offset);
    }

    void define_register(std::uint8_t instruction) {
        const std::uint64_t number = at_.uleb();
        switch (instruction) {
            case DW_CFA_offset_extended:
                return save_at_cfa(number, static_cast<std::int64_t>(at_.uleb()));
            case DW_CFA_offset_extended_sf:
                return save_at_cfa(number, at_.sleb());
            case DW_CFA_GNU_negative_offset_extended:
                return save_at_cfa(number, static_cast<std::int64_t>(0 - at_.uleb()));
            case DW_CFA_val_offset:
                return set(number, {RegisterRule::Kind::kCfa, 0, factored(static_cast<std::int64_t>(at_.uleb()))});
            case DW_CFA_val_offset_sf:
                return set(number, {RegisterRule::Kind::kCfa, 0, factored(at_.sleb())});
            case DW_CFA_restore_extended:
                return restore(number);
            case DW_CFA_undefined:
                return set(number, {RegisterRule::Kind::kUndefined});
            case DW_CFA_same_value:
                return set(number, {RegisterRule::Kind::kSame});
            case DW_CFA_register: {
                const std::uint64_t other = at_.uleb();
                const auto kind = other == number ? RegisterRule::Kind::kSame : RegisterRule::Kind::kInRegister;
                return set(number, {kind, other});
            }
            case DW_CFA_expression:
                return set(number, place_of_expression(at_.take(at_.uleb())));
            case DW_CFA_val_expression:
                at_.take(at_.uleb());
                return set(number, {RegisterRule::Kind::kOther});
            default:
                ok_ = false;
        }
    }

    void set(std::uint64_t number, RegisterRule rule) {
        if (RegisterRule* followed = state_.of(number)) *followed = rule;
    }

    void save_at_cfa(std::uint64_t number, std::int64_t offset) {
        set(number, {RegisterRule::Kind::kAtCfa, 0, factored(offset)});
    }

    void restore(std::uint64_t number) {
        CfaState initial = cie_.initial;
        if (const RegisterRule* rule = initial.of(number)) set(number, *rule);
    }

    // Multiplied by the CIE's factor, without the undefined behaviour of an overflow.
    [[nodiscard]] std::int64_t factored(std::int64_t value) const {
        return static_cast<std::int64_t>(static_cast<std::uint64_t>(value) *
                                         static_cast<std::uint64_t>(cie_.data_alignment));
    }

    void advance(std::uint64_t units) {
        const std::uint64_t room = place_.code.end - location_;
        const bool beyond = units != 0 && cie_.code_alignment > room / units;
        set_location(beyond ? place_.code.end : location_ + units * cie_.code_alignment);
    }

    void set_location(std::optional<std::uint64_t> location) {
        if (rows_ == nullptr || !at_.ok() || !location || *location < location_) {
            ok_ = false;
            return;
        }
        if (*location == location_) return;
        emit(row_of(state_, cie_.signal_frame));
        location_ = *location;
        finished_ = location_ >= place_.code.end;
    }

    void remember() {
        if (remembered_.size() == kMaxRemembered) {
            ok_ = false;
            return;
        }
        remembered_.push_back(state_);
    }

    void recall() {
        if (remembered_.empty()) {
            ok_ = false;
            return;
        }
        state_ = remembered_.back();
        remembered_.pop_back();
    }

    ByteCursor at_;
    const Cie& cie_;
    ProgramPlace place_;
    RowStream* rows_;
    std::uint64_t location_;
    CfaState state_;
    std::vector<CfaState> remembered_;
    bool ok_ = true;
    bool finished_ = false;  // the rest is about addresses outside
};

}  // namespace

bool run_initial_instructions(std::span<const std::uint8_t> instructions, Cie& cie) {
    Machine machine(instructions, cie, {}, nullptr);
    if (!machine.run()) return false;
    cie.initial = machine.state();
    return true;
}

bool run_instructions(std::span<const std::uint8_t> instructions, const Cie& cie, const ProgramPlace& place,
                      RowStream& rows) {
    return Machine(instructions, cie, place, &rows).run();
}

}  // namespace footfall
