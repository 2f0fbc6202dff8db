#include "symbolizer/elf/named_functions.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

#include "agent/base/fd.h"

namespace footfall {

// Found by its name in .symtab of this program, which exports nothing.
extern "C" __attribute__((noinline)) int footfall_named_function_for_tests(int number) { return number + 1; }

// The same with the name that rustc gives a method.
extern "C" __attribute__((noinline)) int footfall_rust_method_for_tests(int number) __asm__(
    "_ZN8footfall5tests4Type6method17h0123456789abcdefE");
int footfall_rust_method_for_tests(int number) { return number + 2; }

namespace {

constexpr std::array<std::string_view, 2> kNames{"footfall_named_function_for_tests", "no_such_function"};

Fd own_file() { return Fd(open("/proc/self/exe", O_RDONLY | O_CLOEXEC)); }

Fd file_of(const std::string& bytes) {
    Fd file(memfd_create("elf", MFD_CLOEXEC));
    EXPECT_EQ(write(file.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    return file;
}

std::string own_bytes() {
    std::ifstream file("/proc/self/exe", std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST(NamedFunctions, FindsAFunctionWithItsCode) {
    ASSERT_EQ(footfall_named_function_for_tests(1), 2);
    const Fd file = own_file();
    const auto found = NamedFunctions::find(file.get(), kNames);
    ASSERT_TRUE(found);
    ASSERT_EQ(found->functions().size(), 1U);
    const NamedFunction* function = found->function(kNames[0]);
    ASSERT_NE(function, nullptr);
    EXPECT_EQ(found->function(kNames[1]), nullptr);
    const auto code = found->code_at(file.get(), function->address, function->size);
    ASSERT_EQ(code.size(), function->size);
    EXPECT_EQ(std::memcmp(code.data(), reinterpret_cast<const void*>(&footfall_named_function_for_tests), code.size()), 0);
    EXPECT_EQ(own_bytes().substr(*found->file_offset(function->address), code.size()),
              std::string(code.begin(), code.end()));
}

TEST(NamedFunctions, FindsAMethodOfRustByItsPath) {
    ASSERT_EQ(footfall_rust_method_for_tests(1), 3);
    const Fd file = own_file();
    constexpr std::array<std::string_view, 2> kPaths{"footfall::tests::Type::method", "footfall::tests::Type::other"};
    const auto found = NamedFunctions::find_rust(file.get(), kPaths);
    ASSERT_TRUE(found);
    ASSERT_EQ(found->functions().size(), 1U);
    const NamedFunction& function = found->functions().front();
    EXPECT_EQ(function.name, kPaths[0]);
    const auto code = found->code_at(file.get(), function.address, function.size);
    ASSERT_EQ(code.size(), function.size);
    EXPECT_EQ(std::memcmp(code.data(), reinterpret_cast<const void*>(&footfall_rust_method_for_tests), code.size()), 0);
}

TEST(NamedFunctions, PrefersWhatIsExported) {
    Dl_info library{};
    ASSERT_NE(dladdr(reinterpret_cast<const void*>(&std::strtol), &library), 0);
    const Fd file(open(library.dli_fname, O_RDONLY | O_CLOEXEC));
    constexpr std::array<std::string_view, 1> kStrtol{"strtol"};
    const auto found = NamedFunctions::find(file.get(), kStrtol);
    ASSERT_TRUE(found);
    ASSERT_NE(found->function("strtol"), nullptr);
    EXPECT_TRUE(found->file_offset(found->function("strtol")->address));
}

TEST(NamedFunctions, KnowsNoCodeOutsideOfSegments) {
    const Fd file = own_file();
    const auto found = NamedFunctions::find(file.get(), kNames);
    ASSERT_TRUE(found);
    EXPECT_FALSE(found->file_offset(~std::uint64_t{0}));
    EXPECT_TRUE(found->code_at(file.get(), ~std::uint64_t{0}, 16).empty());
}

TEST(NamedFunctions, RefusesWhatIsNoSuchFile) {
    EXPECT_FALSE(NamedFunctions::find(file_of("").get(), kNames));
    EXPECT_FALSE(NamedFunctions::find(file_of("#!/bin/sh\n").get(), kNames));
    std::string other = own_bytes().substr(0, 64);
    other[4] = 1;  // 32 bits
    EXPECT_FALSE(NamedFunctions::find(file_of(other).get(), kNames));
}

TEST(NamedFunctions, SurvivesAFileThatIsCutOffAnywhere) {
    const std::string whole = own_bytes();
    const Fd file = file_of(whole);
    const std::size_t step = whole.size() / 10 + 1;
    for (std::size_t length = whole.size(); length > step; length -= step) {
        ASSERT_EQ(ftruncate(file.get(), static_cast<off_t>(length)), 0);
        const auto found = NamedFunctions::find(file.get(), kNames);
        EXPECT_LE(found ? found->functions().size() : 0, 1U);
    }
}

}  // namespace
}  // namespace footfall
