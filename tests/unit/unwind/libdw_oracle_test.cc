// The tables of real binaries against libdw's answers: at every row of either, both are asked for the caller's registers,
// with made-up registers and memory. libdw finds and executes the call frame information on its own.
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <gelf.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/fd.h"
#include "tests/unit/unwind/memory_table.h"

struct ff_frame;

namespace {

constexpr std::uint64_t kStack = 0x7ffc00000000;
constexpr std::uint64_t kFrames = kStack + 0x100000000;

// Every word of memory is an address that lies above all registers, and another one.
std::uint64_t word_at(std::uint64_t address) { return kFrames + (address - kStack) * 16; }

}  // namespace

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
namespace {

struct Caller {
    bool outermost = false;
    std::uint64_t ip = 0, sp = 0;
    std::optional<std::uint64_t> bp;  // nullopt: it can't be known
};

ff_innermost registers() {
    ff_innermost all{};
    for (std::uint64_t i = 0; i < std::size(all.registers); ++i) all.registers[i] = kStack + 0x100000 * (i + 1);
    all.registers[7] = kStack;
    return all;
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

struct Tally {
    std::uint64_t compared = 0;
    std::uint64_t gaps = 0;
    std::uint64_t unsupported = 0;
    std::uint64_t rbp_unknown = 0;
    std::uint64_t wrong = 0;
};

class Comparison {
public:
    Comparison(Dwarf_CFI* cfi, const MemoryTable& table, std::uint64_t entry) : cfi_(cfi), table_(table), entry_(entry) {}

    Tally run() {
        for (const auto& [number, rows] : table_.pages) {
            const std::uint64_t page = number << FF_UNWIND_PAGE_SHIFT;
            for (std::size_t i = 0; i < rows.size(); ++i) {
                const std::uint64_t end = page + (i + 1 < rows.size() ? rows[i + 1].address : 0x10000);
                compare_extent(rows[i], page + rows[i].address, end);
            }
        }
        return tally_;
    }

private:
    // All that libdw says between a row and the next: nothing of it may differ from the row.
    void compare_extent(const ff_unwind_row& row, std::uint64_t begin, std::uint64_t end) {
        const bool made_up = begin == entry_ && row.cfa == FF_CFA_OUTERMOST && !LibdwFrame(cfi_, begin).found();
        if (row.cfa == FF_CFA_NONE || made_up) return compare_gap(begin, end);
        for (std::uint64_t address = begin; address < end;) {
            const LibdwFrame frame(cfi_, address);
            // Padding behind a function keeps the function's last row.
            if (!frame.found() && address == begin) wrong(address, "libdw knows no function");
            if (!frame.found()) return;
            compare_row(row, frame, address);
            if (row.cfa == FF_CFA_PLT) compare_row(row, frame, address + 11);
            address = frame.end();
        }
    }

    void compare_gap(std::uint64_t begin, std::uint64_t end) {
        ++tally_.gaps;
        for (std::uint64_t address = begin; address < end; address += 16)
            if (LibdwFrame(cfi_, address).found()) return wrong(address, "libdw knows a function in a gap");
    }

    void compare_row(const ff_unwind_row& row, const LibdwFrame& libdw, std::uint64_t address) {
        ++tally_.compared;
        if (row.cfa == FF_CFA_UNSUPPORTED) {
            ++tally_.unsupported;
            return;
        }
        const auto expected = libdw.caller(address);
        if (!expected) return wrong(address, "libdw's answer can't be evaluated");
        const ff_innermost all = registers();
        ff_frame frame = {address, all.registers[7], all.registers[6]};
        std::uint32_t interrupted = 0;
        const int stop = ff_unwind_step(&frame, &row, &all, &interrupted);
        if (expected->outermost || stop == FF_STOP_OUTERMOST) {
            if (!expected->outermost || stop != FF_STOP_OUTERMOST) wrong(address, "the end of the stack");
            return;
        }
        if (stop != FF_STEP_ON) return wrong(address, "no step");
        if (frame.sp != expected->sp) return wrong(address, "another stack pointer");
        if (frame.ip != expected->ip) return wrong(address, "another return address");
        if (frame.bp == FF_BP_LOST)
            ++tally_.rbp_unknown;
        else if (expected->bp != frame.bp)
            wrong(address, "another rbp");
    }

    void wrong(std::uint64_t address, const char* what) {
        if (++tally_.wrong <= 10) ADD_FAILURE() << std::hex << address << ": " << what;
    }

    Dwarf_CFI* cfi_;
    const MemoryTable& table_;
    std::uint64_t entry_;  // of the program: the one place that has a rule though nothing describes it
    Tally tally_;
};

class LibdwOracle : public testing::TestWithParam<const char*> {};

TEST_P(LibdwOracle, AgreesWithEveryRow) {
    const Fd fd(open(GetParam(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) GTEST_SKIP() << GetParam() << " is not installed";
    MemoryTable table;
    const auto summary = build_unwind_table(fd.get(), table);
    ASSERT_TRUE(summary) << summary.error().what;
    EXPECT_EQ(summary->malformed, 0U);

    elf_version(EV_CURRENT);
    const std::unique_ptr<Elf, int (*)(Elf*)> elf(elf_begin(fd.get(), ELF_C_READ_MMAP, nullptr), elf_end);
    const std::unique_ptr<Dwarf_CFI, int (*)(Dwarf_CFI*)> cfi(dwarf_getcfi_elf(elf.get()), dwarf_cfi_end);
    ASSERT_NE(cfi, nullptr) << dwarf_errmsg(-1);
    GElf_Ehdr header{};
    ASSERT_NE(gelf_getehdr(elf.get(), &header), nullptr);
    const Tally tally = Comparison(cfi.get(), table, header.e_entry).run();
    EXPECT_GE(tally.compared, summary->fdes);
    EXPECT_EQ(tally.wrong, 0U);
    EXPECT_LE(tally.unsupported * 1000, tally.compared);
    std::cout << GetParam() << ": " << tally.compared << " rows compared, " << tally.gaps << " gaps, " << tally.unsupported
              << " unsupported, " << tally.rbp_unknown << " without rbp, " << tally.wrong << " wrong\n";
}

INSTANTIATE_TEST_SUITE_P(RealBinaries, LibdwOracle,
                         testing::Values("/usr/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/x86_64-linux-gnu/libstdc++.so.6",
                                         "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
                                         "/usr/lib/x86_64-linux-gnu/libcrypto.so.3", "/usr/bin/python3",
                                         "/usr/bin/redis-server", "/usr/sbin/nginx", "/usr/lib/postgresql/15/bin/postgres",
                                         "/usr/bin/node"));

}  // namespace
}  // namespace footfall
