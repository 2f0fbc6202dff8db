#include "symbolizer/interpreters/hotspot/layout.h"

#include <gtest/gtest.h>

#include "symbolizer/interpreters/hotspot/walk_rules.h"
#include "tests/unit/hotspot/made_vm.h"

namespace footfall {
namespace {

class HotspotLayoutOf : public testing::TestWithParam<int> {
protected:
    MadeVm vm_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Versions, HotspotLayoutOf, testing::Values(17, 25));

TEST_P(HotspotLayoutOf, IsReadFromTheTablesOfAnyVersion) {
    const auto vm = Hotspot::read(vm_.memory, MadeVm::kLibjvm);
    ASSERT_TRUE(vm);
    EXPECT_EQ(vm->layout.version, GetParam());
    EXPECT_EQ(vm->code.heaps[0].start, MadeVm::kHeap);
    EXPECT_EQ(vm->code.heaps[0].end, MadeVm::kHeap + MadeVm::kHeapBytes);
    EXPECT_EQ(vm->code.interpreter_start, MadeVm::kInterpreter);
    EXPECT_EQ(vm->code.interpreter_end, MadeVm::kInterpreter + MadeVm::kInterpreterBytes);
    EXPECT_TRUE(vm->code.contains(MadeVm::kHeap));
    EXPECT_FALSE(vm->code.contains(MadeVm::kHeap + MadeVm::kHeapBytes));
    EXPECT_FALSE(vm->code.contains(0));
}

TEST_P(HotspotLayoutOf, IsWhatTheWalkStepsBy) {
    const auto vm = Hotspot::read(vm_.memory, MadeVm::kLibjvm);
    ASSERT_TRUE(vm);
    const ff_hotspot rules = walk_rules_of(*vm);
    EXPECT_EQ(rules.heaps[0].segment_map, MadeVm::kSegments);
    EXPECT_EQ(rules.compile_id.offset, vm_.compile_id_at());
    EXPECT_EQ(rules.bytecodes, vm_.const_method_bytes());
    EXPECT_EQ(rules.block_header, vm_.block_header());
    EXPECT_EQ(rules.code_begin.bytes, GetParam() == 17 ? 8 : 4);
}

TEST_P(HotspotLayoutOf, ItIsSaidWhereItHasNoCodeYet) {
    vm_.memory.put(vm_.memory.value<std::uint64_t>(0x7f0000100008).value(), std::int32_t{0});
    EXPECT_EQ(Hotspot::read(vm_.memory, MadeVm::kLibjvm).error(), HotspotMiss::kNotInitialized);
    vm_.memory.put(0x7f0000100008, std::uint64_t{0});
    EXPECT_EQ(Hotspot::read(vm_.memory, MadeVm::kLibjvm).error(), HotspotMiss::kNotInitialized);
}

TEST_P(HotspotLayoutOf, ItIsSaidWhereCodeCacheMakesNoSense) {
    for (const std::uint64_t damaged : {std::uint64_t{0}, ~std::uint64_t{0}, MadeVm::kHeap - 1}) {
        MadeVm vm(GetParam());
        vm.memory.put(0x7f0000400080 + 8 + 8, damaged);  // where the heap ends
        EXPECT_EQ(Hotspot::read(vm.memory, MadeVm::kLibjvm).error(), HotspotMiss::kNotInitialized);
    }
}

TEST(HotspotLayout, ItIsSaidWhereLibjvmHasNoTables) {
    MadeMemory memory;
    lay_library(memory, MadeVm::kLibjvm, {{"JNI_CreateJavaVM", MadeVm::kLibjvm + 0x100}});
    EXPECT_EQ(Hotspot::read(memory, MadeVm::kLibjvm).error(), HotspotMiss::kNoTables);
    EXPECT_EQ(Hotspot::read(memory, 0x1000).error(), HotspotMiss::kNoTables);
}

// Their interpreted frames are laid out otherwise, so that they would be read wrongly.
TEST(HotspotLayout, ItIsSaidWhereTheVersionIsNotRead) {
    MadeVm vm(8);
    EXPECT_EQ(Hotspot::read(vm.memory, MadeVm::kLibjvm).error(), HotspotMiss::kUnknownLayout);
}

TEST(HotspotLayout, ItIsSaidWhereAFieldIsMissing) {
    MadeVm vm(17);
    // The name of the last field that tells where code is: another version may call it otherwise.
    const auto tables = VmTables::read(vm.memory, MadeVm::kLibjvm);
    ASSERT_TRUE(tables);
    ASSERT_NE(tables->field("CodeHeap", "_segmap"), nullptr);
    for (std::uint64_t at = 0x7f0000200000; at < 0x7f0000240000; at += 32) {
        if (vm.memory.text(at, 64) == "_segmap") vm.memory.put_text(at, "_sgm");
    }
    EXPECT_EQ(Hotspot::read(vm.memory, MadeVm::kLibjvm).error(), HotspotMiss::kUnknownLayout);
}

}  // namespace
}  // namespace footfall
