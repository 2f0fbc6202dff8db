// Which of the loaded files are used at all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "output/session/used_functions.h"
#include "output/table/used_files_text.h"

namespace footfall {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

FunctionFile& add_file(Snapshot& snapshot, const std::string& path) {
    FunctionFile& file = *snapshot.add_function_files();
    file.set_path(path);
    file.set_mapped_as("library");
    file.set_watched_nanos(1'000'000'000);
    return file;
}

FunctionUse& add_function(FunctionFile& file, const std::string& name, std::uint64_t calls) {
    FunctionUse& use = *file.add_functions();
    use.set_name(name);
    use.set_calls(calls);
    return use;
}

TEST(UsedFunctions, AreThoseThatWereCalledButForTheLoadersOwn) {
    Snapshot snapshot;
    FunctionFile& file = add_file(snapshot, "/usr/lib/libz.so.1");
    add_function(file, "_init", 1);
    add_function(file, "frame_dummy", 1);
    add_function(file, "crc32", 0);
    add_function(file, "inflate", 0).set_not_counted("it is chosen at run time");
    const UsedFunctions used = used_functions(file);
    EXPECT_EQ(used.all, 2U);
    EXPECT_EQ(used.called, 0U) << "the loader calls _init of every library";
    EXPECT_EQ(used.not_counted, 1U);
}

TEST(UsedFiles, AreUsedOrNeverOrNotKnown) {
    Snapshot snapshot;
    add_function(add_file(snapshot, "/lib/a.so"), "a", 0);
    add_function(add_file(snapshot, "/lib/b.so"), "b", 3);
    FunctionFile& stripped = add_file(snapshot, "/lib/c.so");
    stripped.set_miss("it is stripped");
    FunctionFile& doubtful = add_file(snapshot, "/lib/d.so");
    add_function(doubtful, "d", 0);
    add_function(doubtful, "e", 0).set_not_counted("others call it too often");
    FunctionFile& late = add_file(snapshot, "/lib/e.so");
    add_function(late, "e", 0);
    late.set_late_nanos(63'000'000);
    FunctionFile& program = add_file(snapshot, "/bin/f");
    program.set_mapped_as("program");
    add_function(program, "main", 0);
    snapshot.add_function_files()->set_path("/lib/not_loaded.so");
    const std::string text = used_files_text(snapshot, {});
    EXPECT_THAT(text, ContainsRegex("0 +1 +never +/lib/a.so"));
    EXPECT_THAT(text, ContainsRegex("1 +1 +used +/lib/b.so"));
    EXPECT_THAT(text, ContainsRegex("- +- +not known: it is stripped +/lib/c.so"));
    EXPECT_THAT(text, ContainsRegex("0 +2 +never, but for 1 that can't be counted +/lib/d.so"));
    EXPECT_THAT(text, ContainsRegex("0 +1 +never from 63.0ms after it was loaded on +/lib/e.so"));
    EXPECT_THAT(text, ContainsRegex("0 +1 +runs +/bin/f")) << "its main() was called before the session";
    EXPECT_THAT(text, HasSubstr("watched for 1.00s"));
    EXPECT_THAT(text, Not(HasSubstr("not_loaded")));
    EXPECT_LT(text.find("/lib/b.so"), text.find("/lib/a.so")) << "the most used first";
}

TEST(UsedFiles, WhereNothingIsLoadedIsSaid) { EXPECT_EQ(used_files_text({}, {}), "no file of code was loaded\n"); }

}  // namespace
}  // namespace footfall
