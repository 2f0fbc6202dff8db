#include "output/table/error_types_text.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

#include "output/table/terminal_text.h"

namespace footfall {
namespace {

void add(Operation& operation, const std::string& outcome, const std::string& error_type, std::uint64_t uses) {
    OutcomeUse& use = *operation.add_outcomes();
    use.set_outcome(outcome);
    use.set_error_type(error_type);
    use.set_uses(uses);
}

TEST(ErrorTypesText, NoErrorsAreNoText) {
    Operation operation;
    EXPECT_EQ(error_types_text(operation, 40), "");
    add(operation, "200", "", 12);
    EXPECT_EQ(error_types_text(operation, 40), "");
}

TEST(ErrorTypesText, TheMostFrequentComesFirstAndEachHasItsCount) {
    Operation operation;
    add(operation, "200", "", 100'000);
    add(operation, "404", "404", 3);
    add(operation, "500", "500", 1'200);
    EXPECT_EQ(error_types_text(operation, 40), "500 ×1,200, 404 ×3");
}

TEST(ErrorTypesText, EqualOnesAreInTheOrderOfTheirNamesSoThatTwoRunsPrintTheSame) {
    Operation operation;
    add(operation, "reset", "reset", 2);
    add(operation, "closed", "closed", 2);
    EXPECT_EQ(error_types_text(operation, 40), "closed ×2, reset ×2");
}

TEST(ErrorTypesText, ATypeOfSeveralOutcomesIsAddedUp) {
    Operation operation;
    add(operation, "200", "reset", 2);
    add(operation, "reset", "reset", 3);
    EXPECT_EQ(error_types_text(operation, 40), "reset ×5");
}

TEST(ErrorTypesText, WhatHasNoRoomIsCounted) {
    Operation operation;
    for (const char* type : {"23505", "40001", "40P01", "42501", "42P01", "57014"}) add(operation, type, type, 10);
    EXPECT_EQ(error_types_text(operation, 40), "23505 ×10, 40001 ×10, 40P01 ×10, +3 more");
}

TEST(ErrorTypesText, ItKeepsToItsRoomWhateverTheNames) {
    Operation operation;
    for (int i = 0; i < 18; ++i) {
        const std::string type = "an_error_日本語_of_" + std::to_string(i) + std::string(60, 'x') + "\x1b[2J";
        add(operation, type, type, std::numeric_limits<std::uint32_t>::max());
    }
    for (std::size_t width = 40; width < 300; ++width) {
        const std::string text = error_types_text(operation, width);
        ASSERT_LE(display_width(text), width) << text;
        ASSERT_EQ(text.find('\x1b'), std::string::npos);
    }
}

}  // namespace
}  // namespace footfall
