// The tables of Go programs against the .debug_frame of the same programs, as libdw reads it: at every row of either, both
// are asked for the caller's registers. Where they differ, .debug_frame is wrong: it knows nothing of rbp, of functions that
// change to another stack, and of where stacks end. Each difference must be one of these. A program that was stripped must
// have the same rows.
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <gelf.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <set>
#include <string>

#include "agent/base/fd.h"
#include "symbolizer/elf/go_functions.h"
#include "tests/unit/unwind/elf_image.h"
#include "tests/unit/unwind/libdw_frames.h"
#include "tests/unit/unwind/memory_table.h"

namespace footfall {
namespace {

constexpr const char* kSource = R"(package main

import (
	"fmt"
	"os/exec"
	"time"
)

//go:noinline
func leaf(n int) int { return n + 1 }

//go:noinline
func large(n int) int {
	var room [4000]int
	for i := range room {
		room[i] = leaf(n + i)
	}
	return room[n%4000]
}

func main() {
	fmt.Println(large(1), inC(1), time.Now(), exec.Command("true").Run())
}
)";
constexpr const char* kWithoutC = "package main\n\nfunc inC(n int) int { return n }\n";
constexpr const char* kWithC =
    "package main\n\n// static int in_c(int n) { int room[n + 100]; room[n] = n; return room[n]; }\nimport \"C\"\n\n"
    "func inC(n int) int { return int(C.in_c(C.int(n))) }\n";

struct Variant {
    const char* name;
    const char* flags;
    const char* linker;
    const char* more_source;
};

void PrintTo(const Variant& variant, std::ostream* out) { *out << variant.name; }

class Directory {
public:
    Directory() {
        std::string path = testing::TempDir() + "go_oracle_XXXXXX";
        path_ = mkdtemp(path.data());
    }
    ~Directory() { std::filesystem::remove_all(path_); }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

// All functions with a rule that .debug_frame contradicts, and why it may.
const std::set<std::string> kEnds = {"runtime.goexit", "runtime.mstart", "runtime.rt0_go", "runtime.sigtramp",
                                     "runtime.mcall"};
const std::set<std::string> kChangeStacks = {"gogo",
                                             "runtime.morestack",
                                             "runtime.systemstack",
                                             "runtime.switchToCrashStack0",
                                             "runtime.asmcgocall",
                                             "runtime.asmcgocall_no_g",
                                             "runtime.cgocallback",
                                             "runtime.callCgoMmap",
                                             "runtime.callCgoMunmap",
                                             "runtime.callCgoSigaction",
                                             "runtime.clone",
                                             "runtime.nanotime1",
                                             "runtime.sigfwd",
                                             "runtime.vgetrandom1",
                                             "runtime.walltime",
                                             "time.now"};
const std::set<std::string> kPopReturnAddress = {"syscall.rawVforkSyscall"};

struct Tally {
    std::uint64_t compared = 0;
    std::uint64_t rbp_saved = 0;
    std::uint64_t rbp_unknown = 0;
    std::uint64_t wrong = 0;
    std::set<std::string> ends, change_stacks, pop_return_address;
};

class Comparison {
public:
    Comparison(Dwarf_CFI* cfi, const MemoryTable& table, const GoFunctions& functions)
        : cfi_(cfi), table_(table), functions_(functions) {}

    Tally run() {
        table_.for_each_extent(
            [this](const ff_unwind_row& row, std::uint64_t begin, std::uint64_t end) { compare_extent(row, begin, end); });
        return tally_;
    }

private:
    // All that libdw says between a row and the next. What it does not know is C, or padding.
    void compare_extent(const ff_unwind_row& row, std::uint64_t begin, std::uint64_t end) {
        for (std::uint64_t address = begin; address < end;) {
            const LibdwFrame frame(cfi_, address);
            if (!frame.found()) {
                ++address;
                continue;
            }
            compare_row(row, frame, address);
            address = frame.end();
        }
    }

    void compare_row(const ff_unwind_row& row, const LibdwFrame& libdw, std::uint64_t address) {
        ++tally_.compared;
        const auto function = functions_.find(address);
        if (!function) return wrong(address, "no function");
        if (row.cfa == FF_CFA_OUTERMOST) return explain(address, *function, kEnds, tally_.ends);
        if (row.cfa == FF_CFA_RBP_ELSEWHERE || row.cfa == FF_CFA_UNSUPPORTED)
            return explain(address, *function, kChangeStacks, tally_.change_stacks);
        if (row.cfa == FF_CFA_RSP_LINK) return explain(address, *function, kPopReturnAddress, tally_.pop_return_address);
        if (row.cfa != FF_CFA_RSP) return wrong(address, "no rule");
        compare_registers(row, libdw, address);
    }

    void compare_registers(const ff_unwind_row& row, const LibdwFrame& libdw, std::uint64_t address) {
        const auto expected = libdw.caller(address);
        if (!expected || expected->outermost) return wrong(address, "libdw has no caller");
        const ff_innermost all = registers();
        ff_frame frame = frame_at(address);
        std::uint32_t interrupted = 0;
        if (ff_unwind_step(&frame, &row, &all, 1, &interrupted) != FF_STEP_ON) return wrong(address, "no step");
        if (frame.sp != expected->sp) return wrong(address, "another stack pointer");
        if (frame.ip != expected->ip) return wrong(address, "another return address");
        if (frame.bp == FF_BP_LOST) {
            ++tally_.rbp_unknown;
        } else if (frame.bp == word_at(frame.sp - 16)) {
            ++tally_.rbp_saved;
        } else if (frame.bp != expected->bp) {
            wrong(address, "another rbp");
        }
    }

    void explain(std::uint64_t address, const GoFunctions::Function& function, const std::set<std::string>& known,
                 std::set<std::string>& found) {
        const std::string name(function.name);
        if (!known.contains(name)) return wrong(address, name.c_str());
        found.insert(name);
    }

    void wrong(std::uint64_t address, const char* what) {
        if (++tally_.wrong <= 10) ADD_FAILURE() << std::hex << address << ": " << what;
    }

    Dwarf_CFI* cfi_;
    const MemoryTable& table_;
    const GoFunctions& functions_;
    Tally tally_;
};

std::uint64_t symbol_address(Elf* elf, std::string_view wanted) {
    for (Elf_Scn* section = elf_nextscn(elf, nullptr); section != nullptr; section = elf_nextscn(elf, section)) {
        GElf_Shdr header{};
        if (gelf_getshdr(section, &header) == nullptr || header.sh_type != SHT_SYMTAB) continue;
        Elf_Data* data = elf_getdata(section, nullptr);
        GElf_Sym symbol{};
        for (int i = 0; gelf_getsym(data, i, &symbol) != nullptr; ++i)
            if (elf_strptr(elf, header.sh_link, symbol.st_name) == wanted) return symbol.st_value;
    }
    return 0;
}

std::string joined(const std::set<std::string>& names) {
    std::string all;
    for (const std::string& name : names) all += " " + name;
    return all;
}

class GoOracle : public testing::TestWithParam<Variant> {
protected:
    void SetUp() override {
        if (std::system("go version > /dev/null 2>&1") != 0) GTEST_SKIP() << "go is not installed";
        std::ofstream(directory_.path() / "main.go") << kSource;
        std::ofstream(directory_.path() / "more.go") << GetParam().more_source;
    }

    std::filesystem::path compile(const std::string& name, const std::string& linker) {
        const std::string command = "cd " + directory_.path().string() + " && GO111MODULE=off GOFLAGS= go build -o " + name +
                                    " " + GetParam().flags + " -ldflags='" + linker + " " + GetParam().linker +
                                    "' main.go more.go";
        EXPECT_EQ(std::system(command.c_str()), 0) << command;
        return directory_.path() / name;
    }

    static MemoryTable table_of(int fd) {
        MemoryTable table;
        const auto summary = build_unwind_table(fd, table);
        EXPECT_TRUE(summary) << summary.error().what;
        EXPECT_GT(summary->go_functions, 1000U);
        EXPECT_EQ(summary->malformed, 0U);
        EXPECT_FALSE(summary->used_debug_frame);
        return table;
    }

    Directory directory_;
};

Fd open_file(const std::filesystem::path& path) { return Fd(open(path.c_str(), O_RDONLY | O_CLOEXEC)); }

TEST_P(GoOracle, AgreesWithDebugFrameWhereThatIsRight) {
    const Fd fd = open_file(compile("program", ""));
    const MemoryTable table = table_of(fd.get());
    elf_version(EV_CURRENT);
    const std::unique_ptr<Elf, int (*)(Elf*)> elf(elf_begin(fd.get(), ELF_C_READ_MMAP, nullptr), elf_end);
    const std::unique_ptr<Dwarf, int (*)(Dwarf*)> dwarf(dwarf_begin_elf(elf.get(), DWARF_C_READ, nullptr), dwarf_end);
    ASSERT_NE(dwarf, nullptr) << dwarf_errmsg(-1);
    Dwarf_CFI* const cfi = dwarf_getcfi(dwarf.get());
    ASSERT_NE(cfi, nullptr) << dwarf_errmsg(-1);
    const auto functions = GoFunctions::open(fd.get());
    ASSERT_TRUE(functions);

    const std::uint64_t leaf = symbol_address(elf.get(), "main.leaf");
    ASSERT_NE(leaf, 0U);
    ASSERT_TRUE(functions->find(leaf));
    EXPECT_EQ(functions->find(leaf)->name, "main.leaf");
    EXPECT_EQ(functions->find(leaf)->start, leaf);

    const Tally tally = Comparison(cfi, table, *functions).run();
    EXPECT_GT(tally.compared, 5000U);
    EXPECT_GT(tally.rbp_saved * 4, tally.compared);
    EXPECT_EQ(tally.wrong, 0U);
    EXPECT_TRUE(tally.ends.contains("runtime.goexit"));
    EXPECT_TRUE(tally.change_stacks.contains("runtime.systemstack"));
    EXPECT_TRUE(tally.pop_return_address.contains("syscall.rawVforkSyscall"));
    std::cout << GetParam().name << ": " << tally.compared << " rows compared, " << tally.rbp_saved << " with rbp saved, "
              << tally.rbp_unknown << " without rbp, " << tally.wrong << " wrong\n  ends:" << joined(tally.ends)
              << "\n  change stacks:" << joined(tally.change_stacks)
              << "\n  pop the return address:" << joined(tally.pop_return_address) << "\n";
}

TEST_P(GoOracle, AStrippedProgramHasTheSameRowsAlsoWithoutSections) {
    const Fd fd = open_file(compile("program", ""));
    const MemoryTable table = table_of(fd.get());
    const std::filesystem::path stripped = compile("stripped", "-s");
    EXPECT_EQ(table_of(open_file(stripped).get()).pages, table.pages);

    std::ifstream stream(stripped, std::ios::binary);
    Bytes bytes{std::istreambuf_iterator<char>(stream), {}};
    Elf64_Ehdr header{};
    std::memcpy(&header, bytes.data(), sizeof header);
    header.e_shoff = 0;
    header.e_shnum = 0;
    std::memcpy(bytes.data(), &header, sizeof header);
    EXPECT_EQ(table_of(file_of(bytes).get()).pages, table.pages);
}

INSTANTIATE_TEST_SUITE_P(Programs, GoOracle,
                         testing::Values(Variant{"static", "", "", kWithoutC},
                                         Variant{"position_independent", "-buildmode=pie", "", kWithoutC},
                                         Variant{"with_c", "", "", kWithC},
                                         Variant{"with_c_by_its_linker", "", "-linkmode=external", kWithC}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace footfall
