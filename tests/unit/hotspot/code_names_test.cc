#include "symbolizer/interpreters/hotspot/code_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bpf/contract/hotspot.h"
#include "tests/unit/hotspot/made_vm.h"

namespace footfall {
namespace {

using testing::ElementsAre;

// Of bytecodes 0, 5 and 12: lines 10, 11 and 40, of which the last is too far for one byte.
std::vector<std::uint8_t> lines_of(const MadeVm& vm) {
    std::vector<std::uint8_t> table;
    const auto far = [&](std::uint32_t bytecodes, std::uint32_t lines) {
        table.push_back(0xff);
        vm.compress(table, bytecodes << 1);
        vm.compress(table, lines << 1);
    };
    far(0, 10);
    table.push_back(5 << 3 | 1);
    far(7, 29);
    table.push_back(0);
    return table;
}

class NamesOf : public testing::TestWithParam<int> {
protected:
    NamesOf() {
        cart_ = made_.add_method({.lines = lines_of(made_)});
        price_ = made_.add_method({.holder = "shop/Price", .name = "of", .file = "Price.java", .lines = lines_of(made_)});
        vm_ = *Hotspot::read(made_.memory, MadeVm::kLibjvm);
    }

    [[nodiscard]] std::uint32_t check_of(std::uint64_t method) {
        return FF_HOTSPOT_INTERPRETED | (made_.const_method_of(method) >> 3 & FF_HOTSPOT_CHECK_BITS);
    }
    auto name(std::uint64_t function, std::uint64_t position, std::uint32_t check) {
        return name_frame(vm_, made_.memory, {function, static_cast<std::uint32_t>(position), check});
    }
    // Cart.add with Price.of inlined at one place.
    std::uint64_t add_cart_code(std::uint64_t segment) {
        MadeVm::Blob blob;
        blob.method = cart_;
        blob.metadata = {cart_, price_};
        const std::uint32_t outer = made_.add_scope(blob, 0, 1, 6);
        const std::uint32_t inlined = made_.add_scope(blob, outer, 2, 12);
        const std::uint32_t alone = made_.add_scope(blob, 0, 1, 0);
        blob.pcs = {{-1, 0}, {20, inlined}, {40, alone}, {300, 0}};
        return made_.add_blob(segment, blob);
    }

    MadeVm made_{GetParam()};
    Hotspot vm_;
    std::uint64_t cart_ = 0;
    std::uint64_t price_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Versions, NamesOf, testing::Values(17, 25));

TEST_P(NamesOf, InterpretedMethodsHaveTheLineOfTheirBytecode) {
    EXPECT_THAT(name(cart_, 0, check_of(cart_)).value(), ElementsAre(JavaLine{"shop.Cart.add", "Cart.java", 10, false}));
    EXPECT_EQ(name(cart_, 4, check_of(cart_)).value().front().line, 10);
    EXPECT_EQ(name(cart_, 5, check_of(cart_)).value().front().line, 11);
    EXPECT_EQ(name(price_, 39, check_of(price_)).value().front(), (JavaLine{"shop.Price.of", "Price.java", 40, false}));
}

TEST_P(NamesOf, MethodsWithoutLinesOrFilesHaveTheirNameStill) {
    const std::uint64_t method = made_.add_method({.file = "", .code_size = 0});
    EXPECT_THAT(name(method, 0, check_of(method)).value(), ElementsAre(JavaLine{"shop.Cart.add", "", 0, false}));
}

// So that the same lambda is the same function in every process, and in each session.
TEST_P(NamesOf, HiddenClassesLoseTheNumberThatEachHasAnew) {
    const std::uint64_t method = made_.add_method({.holder = "shop/Cart$$Lambda+0x00007f1234567890", .name = "run"});
    EXPECT_EQ(name(method, 0, check_of(method)).value().front().function, "shop.Cart$$Lambda.run");
}

TEST_P(NamesOf, AnotherMethodInItsPlaceHasNoName) {
    EXPECT_EQ(name(cart_, 0, check_of(price_)).error(), HotspotFrameMiss::kGone);
    EXPECT_EQ(name(0x1000, 0, check_of(cart_)).error(), HotspotFrameMiss::kGone);
    EXPECT_EQ(name(0, 0, 0).error(), HotspotFrameMiss::kDamaged);
}

TEST_P(NamesOf, MethodsThatAreAboutToBeginHaveNoLine) {
    EXPECT_EQ(name(cart_, 40, check_of(cart_)).value().front(), (JavaLine{"shop.Cart.add", "Cart.java", 0, false}));
}

TEST_P(NamesOf, CompiledMethodsComeWithWhatWasInlinedIntoThem) {
    const std::uint64_t blob = add_cart_code(64);
    const std::uint64_t code = made_.code_of(blob) - blob;
    EXPECT_THAT(name(blob, code + 20, 7).value(), ElementsAre(JavaLine{"shop.Price.of", "Price.java", 40, false},
                                                              JavaLine{"shop.Cart.add", "Cart.java", 11, false}));
    EXPECT_THAT(name(blob, code + 40, 7).value(), ElementsAre(JavaLine{"shop.Cart.add", "Cart.java", 10, false}));
}

// A return address is told exactly; an instruction belongs to the next place that is.
TEST_P(NamesOf, InterruptedInstructionsBelongToTheNextPlace) {
    const std::uint64_t blob = add_cart_code(64);
    const std::uint64_t code = made_.code_of(blob) - blob;
    EXPECT_EQ(name(blob, code + 20, 7 | FF_HOTSPOT_EXACT).value().size(), 1);
    EXPECT_EQ(name(blob, code + 19, 7 | FF_HOTSPOT_EXACT).value().size(), 2);
    EXPECT_EQ(name(blob, code + 250, 7 | FF_HOTSPOT_EXACT).value().front(),
              (JavaLine{"shop.Cart.add", "Cart.java", 0, false}));
}

TEST_P(NamesOf, OtherCodeInItsPlaceHasNoName) {
    const std::uint64_t blob = add_cart_code(64);
    const std::uint64_t code = made_.code_of(blob) - blob;
    EXPECT_EQ(name(blob, code + 20, 8).error(), HotspotFrameMiss::kGone);
    EXPECT_EQ(name(blob, 1U << 20, 7).error(), HotspotFrameMiss::kGone);
    EXPECT_EQ(name(blob + 0x4000, code, 0).error(), HotspotFrameMiss::kGone);
}

TEST_P(NamesOf, StubsAreCalledWhatTheVirtualMachineCallsThem) {
    const std::uint64_t blob = made_.add_blob(64, {.name = "StubRoutines (1)", .compile_id = 0});
    EXPECT_THAT(name(blob, 300, 0).value(), ElementsAre(JavaLine{"StubRoutines (1)", "", 0, true}));
}

TEST_P(NamesOf, ScopesThatLeadInCirclesEnd) {
    MadeVm::Blob blob;
    blob.method = cart_;
    blob.metadata = {cart_};
    const std::uint32_t first = made_.add_scope(blob, 0, 1, 0);
    // The next one is its own sender.
    const std::uint32_t circle = made_.add_scope(blob, first + 3, 1, 0);
    ASSERT_EQ(circle, first + 3);
    blob.pcs = {{20, circle}};
    const std::uint64_t at = made_.add_blob(64, blob);
    const auto named = name(at, made_.code_of(at) - at + 20, 7);
    EXPECT_THAT(named.value(), ElementsAre(JavaLine{"shop.Cart.add", "Cart.java", 0, false}));
}

}  // namespace
}  // namespace footfall
