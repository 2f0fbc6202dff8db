#include "symbolizer/interpreters/exported_symbols.h"

#include <gtest/gtest.h>
#include <link.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstdlib>

#include "tests/unit/hotspot/made_library.h"

namespace footfall {
namespace {

constexpr std::uint64_t kBase = 0x7f0000000000;

class OwnMemory final : public MemoryReader {
public:
    bool read(std::uint64_t address, std::span<std::byte> into) override {
        const iovec local{into.data(), into.size()};
        const iovec remote{reinterpret_cast<void*>(address), into.size()};
        return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == static_cast<ssize_t>(into.size());
    }
};

std::uint64_t base_of_libc() {
    std::uint64_t base = 0;
    dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t, void* found) {
            if (std::string_view(info->dlpi_name).find("libc.so") != std::string_view::npos)
                *static_cast<std::uint64_t*>(found) = info->dlpi_addr;
            return 0;
        },
        &base);
    return base;
}

TEST(ExportedSymbols, AreFoundInALibraryThatIsLoaded) {
    OwnMemory memory;
    const auto symbols = ExportedSymbols::of(memory, base_of_libc());
    ASSERT_TRUE(symbols);
    EXPECT_EQ(symbols->find("getpid"), reinterpret_cast<std::uint64_t>(&getpid));
    EXPECT_EQ(symbols->find("environ").has_value(), true);
    EXPECT_FALSE(symbols->find("gHotSpotVMStructs"));
}

TEST(ExportedSymbols, OfSeveralWithTheSameHashEachIsFound) {
    MadeMemory memory;
    lay_library(memory, kBase, {{"one", kBase + 0x100}, {"two", kBase + 0x200}, {"three", kBase + 0x300}});
    const auto symbols = ExportedSymbols::of(memory, kBase);
    ASSERT_TRUE(symbols);
    EXPECT_EQ(symbols->find("one"), kBase + 0x100);
    EXPECT_EQ(symbols->find("three"), kBase + 0x300);
    EXPECT_FALSE(symbols->find("four"));
}

TEST(ExportedSymbols, ThereAreNoneWhereNoLibraryIs) {
    MadeMemory memory;
    EXPECT_FALSE(ExportedSymbols::of(memory, kBase));
    memory.add(kBase, kMadeLibraryBytes);
    EXPECT_FALSE(ExportedSymbols::of(memory, kBase));
    lay_library(memory, kBase, {{"one", kBase + 0x100}});
    memory.put(kBase + offsetof(Elf64_Ehdr, e_machine), std::uint16_t{EM_AARCH64});
    EXPECT_FALSE(ExportedSymbols::of(memory, kBase));
}

}  // namespace
}  // namespace footfall
