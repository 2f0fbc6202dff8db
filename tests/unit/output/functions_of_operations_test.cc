// Which functions an operation needs, out of a session that told calls apart by operation.
#include "output/session/functions_of_operations.h"

#include <gtest/gtest.h>

namespace footfall {
namespace {

void add_calls(FunctionUse& use, const std::string& operation, std::uint64_t calls) {
    FunctionPartUse& part = *use.add_parts();
    part.set_name(operation);
    part.set_calls(calls);
}

FunctionUse& add_function(FunctionFile& file, const std::string& name, std::uint64_t calls) {
    FunctionUse& use = *file.add_functions();
    use.set_name(name);
    use.set_calls(calls);
    use.set_first_seen_unix_nanos(1);
    use.set_last_seen_unix_nanos(2);
    return use;
}

Snapshot shop() {
    Snapshot snapshot;
    FunctionFile& file = *snapshot.add_function_files();
    file.set_by("operation");
    FunctionUse& look_up = add_function(file, "look_up", 12);
    add_calls(look_up, "http GET /orders", 3);
    add_calls(look_up, "http POST /checkout", 7);
    add_calls(add_function(file, "pay", 2), "http POST /checkout", 2);
    snapshot.add_function_files()->set_by("caller");
    return snapshot;
}

TEST(FunctionsOfOperations, AreThoseThatWereCalledForThem) {
    Snapshot snapshot = shop();
    ASSERT_TRUE(tells_functions_by_operation(snapshot));
    ASSERT_FALSE(keep_functions_of(snapshot, {"GET /orders"})) << "some are meant";
    ASSERT_EQ(snapshot.function_files_size(), 1) << "the other file knows nothing of operations";
    const FunctionFile& file = snapshot.function_files(0);
    EXPECT_EQ(file.functions(0).calls(), 3U);
    EXPECT_EQ(file.functions(0).parts_size(), 1);
    EXPECT_EQ(file.functions(0).last_seen_unix_nanos(), 2);
    EXPECT_EQ(file.functions(1).calls(), 0U) << "unused by this operation";
    EXPECT_EQ(file.functions(1).last_seen_unix_nanos(), 0);
}

TEST(FunctionsOfOperations, GlobsMeanKindAndNameOrTheNameAlone) {
    Snapshot snapshot = shop();
    ASSERT_FALSE(keep_functions_of(snapshot, {"http POST*", "GET /orders"}));
    EXPECT_EQ(snapshot.function_files(0).functions(0).calls(), 10U) << "without the two that were for none of them";
}

TEST(FunctionsOfOperations, WhereNoneIsMeantThoseThatThereAre) {
    Snapshot snapshot = shop();
    const auto there = keep_functions_of(snapshot, {"GET /cart"});
    ASSERT_TRUE(there);
    EXPECT_EQ(*there, (std::vector<std::string>{"http GET /orders", "http POST /checkout"}));
    EXPECT_EQ(snapshot.function_files_size(), 2) << "nothing was done";
}

}  // namespace
}  // namespace footfall
