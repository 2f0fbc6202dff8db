// The tables of real binaries against libdw's answers: at every row of either, both are asked for the caller's registers,
// with made-up registers and memory. libdw finds and executes the call frame information on its own.
#include <fcntl.h>
#include <gelf.h>
#include <gtest/gtest.h>

#include <iostream>
#include <memory>

#include "agent/base/fd.h"
#include "tests/unit/unwind/libdw_frames.h"
#include "tests/unit/unwind/memory_table.h"

namespace footfall {
namespace {

struct Tally {
    std::uint64_t compared = 0;
    std::uint64_t gaps = 0;
    std::uint64_t unsupported = 0;
    std::uint64_t rbp_unknown = 0;
    std::uint64_t rbx_unknown = 0;
    std::uint64_t wrong = 0;
};

class Comparison {
public:
    Comparison(Dwarf_CFI* cfi, const MemoryTable& table, std::uint64_t entry) : cfi_(cfi), table_(table), entry_(entry) {}

    Tally run() {
        table_.for_each_extent(
            [this](const ff_unwind_row& row, std::uint64_t begin, std::uint64_t end) { compare_extent(row, begin, end); });
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
        ff_frame frame = frame_at(address);
        std::uint32_t interrupted = 0;
        const int stop = ff_unwind_step(&frame, &row, &all, 1, &interrupted);
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
        compare_rbx(frame, *expected, address);
    }

    // Where nothing is said of rbx, libdw says so: its own list of the registers that calls preserve has rax in its place.
    void compare_rbx(const ff_frame& frame, const Caller& expected, std::uint64_t address) {
        if (frame.bx_at == FF_BX_LOST)
            ++tally_.rbx_unknown;
        else if (expected.bx ? expected.bx != rbx_of(frame) : frame.bx_at != FF_BX_IN_REGISTER)
            wrong(address, "another rbx");
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
    EXPECT_LE(tally.rbx_unknown * 100, tally.compared);
    std::cout << GetParam() << ": " << tally.compared << " rows compared, " << tally.gaps << " gaps, " << tally.unsupported
              << " unsupported, " << tally.rbp_unknown << " without rbp, " << tally.rbx_unknown << " without rbx, "
              << tally.wrong << " wrong\n";
}

INSTANTIATE_TEST_SUITE_P(RealBinaries, LibdwOracle,
                         testing::Values("/usr/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/x86_64-linux-gnu/libstdc++.so.6",
                                         "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
                                         "/usr/lib/x86_64-linux-gnu/libcrypto.so.3", "/usr/bin/python3",
                                         "/usr/bin/redis-server", "/usr/sbin/nginx", "/usr/lib/postgresql/15/bin/postgres",
                                         "/usr/bin/node"));

}  // namespace
}  // namespace footfall
