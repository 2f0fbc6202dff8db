#include "symbolizer/functions/usdt_probes.h"

#include <gtest/gtest.h>

#include "symbolizer/elf/loaded_bytes.h"
#include "tests/unit/symbolizer/programs.h"

namespace footfall {
namespace {

// As <sys/sdt.h> writes it, by hand, so that it may lie.
std::string note(const std::string& name, const std::string& site, const std::string& semaphore = "0",
                 const std::string& base = "_.stapsdt.base") {
    return ".pushsection .note.stapsdt,\"\",\"note\"\n.balign 4\n.4byte 8,2f-1f,3\n.asciz \"stapsdt\"\n1: .8byte " + site +
           "\n.8byte " + base + "\n.8byte " + semaphore + "\n.asciz \"shop\"\n.asciz \"" + name +
           "\"\n.asciz \"\"\n2: .balign 4\n.popsection\n";
}

const std::string kBase =
    ".section .stapsdt.base,\"a\",\"progbits\"\n_.stapsdt.base: .space 1\n.size _.stapsdt.base,1\n"
    ".section .probes,\"aw\",\"progbits\"\n.balign 2\nsemaphore: .2byte 0\nother: .2byte 0\ntaken: .2byte 1\n"
    ".text\n.globl _start\n_start:\n";

class UsdtProbesOf : public testing::Test {
protected:
    void assemble(const std::string& source) {
        // At fixed addresses: what notes say is no business of the dynamic linker's.
        path_ = build(scratch_, "marks.s", kBase + source, "-nostdlib -static -no-pie");
        if (path_.empty()) GTEST_SKIP() << "no assembler for x86-64";
        const Fd fd = open_file(path_);
        const auto file = ElfFile::open(fd.get());
        ASSERT_TRUE(file);
        found_ = usdt_probes(*file, SharedMapping(fd.get()).bytes());
    }
    UsdtProbe only() {
        EXPECT_EQ(found_.probes.size(), 1U);
        return found_.probes.empty() ? UsdtProbe{} : found_.probes[0];
    }
    std::uint64_t address_of(const std::string& name) { return addresses_in(path_)[name]; }

    ScratchDirectory scratch_;
    std::string path_;
    UsdtProbes found_;
};

TEST_F(UsdtProbesOf, AProgramAreEachOneWithAllOfItsSites) {
    assemble("first: nop\nret\nsecond: nop\nret\nthird: nop\nret\n" + note("order", "second") + note("order", "first") +
             note("order", "first") + note("cart", "third"));
    ASSERT_EQ(found_.probes.size(), 2U);
    EXPECT_EQ(found_.probes[0].name, "usdt:shop:cart");
    EXPECT_EQ(found_.probes[1].name, "usdt:shop:order");
    EXPECT_EQ(found_.probes[1].sites.size(), 2U) << "a note that stands twice is one site";
    EXPECT_EQ(found_.probes[1].address, address_of("first"));
    EXPECT_EQ(found_.probes[1].site.site_class, SiteClass::kNop);
}

TEST_F(UsdtProbesOf, AProgramHaveTheirSemaphores) {
    assemble("first: nop\nret\nsecond: nop\nret\n" + note("order", "first", "semaphore") + note("order", "second"));
    const UsdtProbe probe = only();
    ASSERT_EQ(probe.sites.size(), 2U);
    EXPECT_NE(probe.sites[0].semaphore_offset, 0U);
    EXPECT_EQ(probe.sites[1].semaphore_offset, 0U);
}

TEST_F(UsdtProbesOf, AFileThatWasMovedAreMovedWithIt) {
    assemble("first: nop\nret\n" + note("order", "first-0x10000", "semaphore-0x10000", "_.stapsdt.base-0x10000"));
    EXPECT_EQ(only().no_site, NoSite::kNone);
    EXPECT_EQ(only().address, address_of("first"));
}

TEST_F(UsdtProbesOf, AProgramAreNotCountedWhereTheirNotesLie) {
    assemble("first: push %rbx\nret\nsecond: nop\nret\n" + note("no_nop", "first") + note("data", "semaphore") +
             note("nowhere", "0x10") + note("half", "second") + note("half", "first") + note("far", "0xfffffffffffffff8"));
    EXPECT_EQ(found_.probes.size(), 5U);
    for (const UsdtProbe& probe : found_.probes) {
        EXPECT_EQ(probe.no_site, NoSite::kNoMarker) << probe.name;
        EXPECT_TRUE(probe.sites.empty()) << probe.name << ": a part of its hits is not its hits";
    }
}

TEST_F(UsdtProbesOf, AProgramAreNotCountedWhereTheirSemaphoresAreNone) {
    assemble("first: nop\nret\nsecond: nop\nret\n" + note("in_code", "first", "_start") +
             note("odd", "first", "semaphore+1") + note("used", "first", "taken") + note("nowhere", "first", "0x10") +
             note("a_first", "second", "semaphore") + note("b_second", "second", "other"));
    EXPECT_EQ(found_.probes.size(), 6U);
    for (const UsdtProbe& probe : found_.probes) {
        const bool is_first = probe.name == "usdt:shop:a_first";
        EXPECT_EQ(probe.no_site, is_first ? NoSite::kNone : NoSite::kBadSemaphore) << probe.name;
    }
}

TEST_F(UsdtProbesOf, AProgramWithoutNotesAreNone) {
    assemble("nop\nret\n");
    EXPECT_TRUE(found_.probes.empty());
    EXPECT_EQ(found_.unread, 0U);
}

TEST(UsdtPatterns, AreNoNamespace) {
    EXPECT_TRUE(means_usdt("usdt:python:*"));
    EXPECT_FALSE(means_usdt("usdt::f"));
    EXPECT_FALSE(means_usdt("*usdt:python:*"));
}

}  // namespace
}  // namespace footfall
