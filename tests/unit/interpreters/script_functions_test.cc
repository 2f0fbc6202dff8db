#include "agent/interpreters/script_functions.h"

#include <gtest/gtest.h>

namespace footfall {
namespace {

TEST(ScriptFunctions, ThatAreEqualAreOne) {
    ScriptFunctions functions;
    const ScriptFunctionId order = functions.of({Runtime::kCpython, "order", "shop.py"});
    EXPECT_EQ(functions.of({Runtime::kCpython, "order", "shop.py"}), order);
    EXPECT_NE(functions.of({Runtime::kCpython, "order", "other.py"}), order);
    EXPECT_NE(functions.of({Runtime::kCpython, "orders", "shop.py"}), order);
    EXPECT_NE(functions.of({Runtime::kNone, "order", "shop.py"}), order);
    EXPECT_EQ(functions.at(order).name, "order");
    EXPECT_EQ(functions.at(order).file, "shop.py");
}

TEST(ScriptFunctions, StayWhereTheyAreHoweverManyCome) {
    ScriptFunctions functions;
    const ScriptFunctionId first = functions.of({Runtime::kCpython, "first", "a.py"});
    const ScriptFunction* place = &functions.at(first);
    for (int i = 0; i < 10'000; ++i) functions.of({Runtime::kCpython, "f" + std::to_string(i), "a.py"});
    EXPECT_EQ(&functions.at(first), place);
    EXPECT_EQ(functions.at(first).name, "first");
}

TEST(ScriptFunctions, WithoutRoomAreOneThatSaysSo) {
    ScriptFunctions functions(1000);
    const ScriptFunctionId kept = functions.of({Runtime::kCpython, "kept", "a.py"});
    ScriptFunctionId last = kept;
    for (int i = 0; i < 100; ++i) last = functions.of({Runtime::kCpython, "f" + std::to_string(i), "a.py"});
    EXPECT_EQ(functions.at(last).name, "[too many functions]");
    EXPECT_GT(functions.without_room(), 50U);
    EXPECT_EQ(functions.of({Runtime::kCpython, "kept", "a.py"}), kept);
}

}  // namespace
}  // namespace footfall
