#include "output/session/session_file.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <cstring>

#include "tests/unit/output/example_snapshot.h"
#include "tests/unit/support/scratch.h"

namespace footfall {
namespace {

using google::protobuf::util::MessageDifferencer;
using testing::HasSubstr;

class SessionFile : public testing::Test {
protected:
    // The bytes of the example as a file has them.
    std::string example_bytes() {
        EXPECT_TRUE(write_session_file(scratch.file("example.ffs"), example_snapshot(), IfExists::kReplace));
        return contents_of(scratch.file("example.ffs"));
    }

    ScratchDirectory scratch;
    std::string path = scratch.file("a.ffs");
};

TEST_F(SessionFile, ReadsBackWhatWasWritten) {
    ASSERT_TRUE(write_session_file(path, example_snapshot(), IfExists::kRefuse));
    const auto read = read_session_file(path);
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_TRUE(MessageDifferencer::Equals(*read, example_snapshot()));
    EXPECT_EQ(scratch.entries(), 1U) << "something was left beside the file";
}

TEST_F(SessionFile, RefusesToOverwriteAndNamesForce) {
    write_contents(path, "precious");
    const auto refused = write_session_file(path, example_snapshot(), IfExists::kRefuse);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().what + refused.error().fix, HasSubstr("--force"));
    EXPECT_THAT(refused.error().what, HasSubstr(path));
    EXPECT_EQ(refused.error().exit_code, ExitCode::kFailed);
    EXPECT_EQ(contents_of(path), "precious");

    ASSERT_TRUE(write_session_file(path, example_snapshot(), IfExists::kReplace));
    EXPECT_TRUE(read_session_file(path));
}

TEST_F(SessionFile, NeverReplacesWhatIsNotARegularFile) {
    EXPECT_FALSE(write_session_file("/dev/full", example_snapshot(), IfExists::kReplace));
    EXPECT_FALSE(write_session_file(scratch.path(), example_snapshot(), IfExists::kReplace));
    struct stat status {};
    ASSERT_EQ(::stat("/dev/full", &status), 0);
    EXPECT_TRUE(S_ISCHR(status.st_mode));
}

TEST_F(SessionFile, ASymbolicLinkIsReplacedNotFollowed) {
    write_contents(scratch.file("target"), "precious");
    ASSERT_EQ(::symlink(scratch.file("target").c_str(), path.c_str()), 0);
    EXPECT_FALSE(write_session_file(path, example_snapshot(), IfExists::kRefuse));
    ASSERT_TRUE(write_session_file(path, example_snapshot(), IfExists::kReplace));
    EXPECT_EQ(contents_of(scratch.file("target")), "precious");
}

TEST_F(SessionFile, AMissingDirectoryIsAnError) {
    const auto written = write_session_file(scratch.file("no/such/dir.ffs"), example_snapshot(), IfExists::kRefuse);
    ASSERT_FALSE(written);
    EXPECT_THAT(written.error().what, HasSubstr("No such file or directory"));
}

TEST_F(SessionFile, AFullDiskLeavesTheOldFileAsItWas) {
    const TinyDisk disk("4k");
    if (!disk.mounted()) GTEST_SKIP() << "needs root and a mount namespace";
    const std::string full = disk.file("a.ffs");
    write_contents(full, "old");
    const auto written = write_session_file(full, example_snapshot(), IfExists::kReplace);
    ASSERT_FALSE(written);
    EXPECT_THAT(written.error().what, HasSubstr("No space left on device"));
    EXPECT_EQ(contents_of(full), "old");
    EXPECT_EQ(disk.entries(), 1U);
}

TEST_F(SessionFile, AFileSizeLimitLeavesTheOldFileAsItWas) {
    write_contents(path, "old");
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit tiny{100, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tiny), 0);
    const auto written = write_session_file(path, example_snapshot(), IfExists::kReplace);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    std::signal(SIGXFSZ, old_handler);
    ASSERT_FALSE(written);
    EXPECT_THAT(written.error().what, HasSubstr("File too large"));
    EXPECT_EQ(contents_of(path), "old");
    EXPECT_EQ(scratch.entries(), 1U);
}

TEST_F(SessionFile, NamesThatAreNotUtf8CanBeReadBack) {
    Snapshot snapshot = example_snapshot();
    snapshot.mutable_operations(0)->set_operation("GET /\xff\xfe");
    (*snapshot.mutable_session()->mutable_host()) = "h\xc3";
    ASSERT_TRUE(write_session_file(path, snapshot, IfExists::kRefuse));
    const auto read = read_session_file(path);
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ(read->operations(0).operation(), "GET /\xEF\xBF\xBD\xEF\xBF\xBD");
    EXPECT_EQ(read->session().host(), "h\xEF\xBF\xBD");
}

TEST_F(SessionFile, EveryTruncationIsAnError) {
    const std::string whole = example_bytes();
    for (std::size_t length = 0; length < whole.size(); ++length) {
        const auto read = parse_session_file(std::string_view(whole).substr(0, length), "a.ffs");
        ASSERT_FALSE(read) << length;
        ASSERT_THAT(read.error().what, HasSubstr("a.ffs"));
    }
}

TEST_F(SessionFile, EveryFlippedBitIsAnError) {
    const std::string whole = example_bytes();
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
        if (bit / 8 >= 12 && bit / 8 < 16) continue;  // the reserved field means nothing
        std::string damaged = whole;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
        ASSERT_FALSE(parse_session_file(damaged, "a.ffs")) << bit;
    }
}

TEST_F(SessionFile, ANewerLayoutIsNamedAsSuch) {
    std::string bytes = example_bytes();
    bytes[8] = 2;
    const auto read = parse_session_file(bytes, "a.ffs");
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().what, HasSubstr("newer footfall"));
}

TEST_F(SessionFile, SomethingElseIsNamedAsSuch) {
    for (const char* other : {"", "hello, this is text and long enough to hold a header of forty bytes", "PK\x03\x04"}) {
        write_contents(path, other);
        const auto read = read_session_file(path);
        ASSERT_FALSE(read);
        EXPECT_THAT(read.error().what, HasSubstr("is not a footfall session file"));
        EXPECT_EQ(read.error().fix, "");
    }
    write_contents(path,
                   "\x89"
                   "FFR\r\n\x1a\n and what a raw file has");
    EXPECT_THAT(read_session_file(path).error().what, HasSubstr("is not a footfall session file"));
    EXPECT_THAT(read_session_file(path).error().fix, HasSubstr("footfall replay " + path));
    EXPECT_FALSE(read_session_file(scratch.path()));
    EXPECT_FALSE(read_session_file("/dev/zero"));
}

TEST_F(SessionFile, ASnapshotTooLargeToReadBackIsNotWritten) {
    Snapshot huge;
    for (std::uint32_t i = 0; i <= kMaxSnapshotMessages; ++i) huge.add_blind_spots();
    const auto written = write_session_file(path, huge, IfExists::kRefuse);
    ASSERT_FALSE(written);
    EXPECT_THAT(written.error().what, HasSubstr("too large"));
    EXPECT_EQ(scratch.entries(), 0U);
}

TEST_F(SessionFile, AClaimOfAHugeSizeIsRefusedBeforeMemoryIsTaken) {
    std::string bytes = example_bytes();
    const std::uint64_t huge = ~0ULL;
    std::memcpy(bytes.data() + 16, &huge, sizeof(huge));
    const auto read = parse_session_file(bytes, "a.ffs");
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().what, HasSubstr("damaged"));
}

}  // namespace
}  // namespace footfall
