#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cstring>
#include <numeric>

#include "agent/session/raw_checksums.h"
#include "agent/session/raw_reader.h"
#include "agent/session/raw_writer.h"
#include "tests/unit/session/raw_records.h"
#include "tests/unit/support/scratch.h"

namespace footfall {
namespace {

using testing::HasSubstr;

const RawFileInfo kInfo{{1'234'567'890}, "web1", "6.1.0-18-amd64", "--unit nginx"};

struct ReadBack {
    std::vector<std::string> records;
    std::string error;  // the one after the last record; empty: none
    bool complete = false;
    std::vector<RawCounter> counters;
};

ReadBack drain(RawReader& reader) {
    ReadBack out;
    while (true) {
        auto event = reader.next();
        if (!event) out.error = event.error().what;
        if (!event || !*event) break;
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>((*event)->bytes.data()) % 8, 0U);
        out.records.push_back(as_text(**event));
    }
    const auto again = reader.next();
    EXPECT_TRUE(again && !*again) << "after the end, and after its error, there is only the end";
    out.complete = reader.complete();
    out.counters = reader.counters();
    return out;
}

ReadBack read_back(const std::string& path) {
    auto reader = RawReader::open(path);
    if (!reader) return {.records = {}, .error = reader.error().what, .counters = {}};
    return drain(*reader);
}

Fd in_memory(const std::string& bytes) {
    Fd fd(::memfd_create("raw", MFD_CLOEXEC));
    EXPECT_EQ(::write(fd.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    ::lseek(fd.get(), 0, SEEK_SET);
    return fd;
}

class RawFile : public testing::Test {
protected:
    // Writes the records in chunks of so many.
    void write(const std::vector<std::string>& records, std::size_t chunk) {
        auto writer = RawWriter::create(path, kInfo, true);
        ASSERT_TRUE(writer) << writer.error().what;
        for (std::size_t i = 0; i < records.size(); ++i) {
            ASSERT_TRUE(writer->append(as_event(records[i])));
            ASSERT_TRUE((i + 1) % chunk == 0 ? writer->flush() : Result<void>{});
        }
        const std::vector<RawCounter> counters = {{"submitted", records.size()}, {"ring_full", 3}};
        ASSERT_TRUE(writer->finish(counters));
        ASSERT_EQ(writer->records_written(), records.size());
        ASSERT_EQ(writer->records_lost(), 0U);
    }

    ScratchDirectory scratch;
    std::string path = scratch.file("a.ffraw");
};

TEST_F(RawFile, GivesBackEveryRecordInOrder) {
    const auto records = varied_records(5'000);  // several chunks
    write(records, records.size());
    const ReadBack read = read_back(path);
    EXPECT_EQ(read.error, "");
    EXPECT_EQ(read.records, records);
    EXPECT_TRUE(read.complete);
    ASSERT_EQ(read.counters.size(), 2U);
    EXPECT_EQ(read.counters[1].name, "ring_full");
    EXPECT_EQ(read.counters[1].value, 3U);
}

TEST_F(RawFile, KeepsWhereItWasRecorded) {
    write({}, 1);
    const auto reader = RawReader::open(path);
    ASSERT_TRUE(reader);
    EXPECT_EQ(reader->info().clock.nanoseconds, kInfo.clock.nanoseconds);
    EXPECT_EQ(reader->info().host, kInfo.host);
    EXPECT_EQ(reader->info().kernel, kInfo.kernel);
    EXPECT_EQ(reader->info().target, kInfo.target);
}

TEST_F(RawFile, KeepsOnlyTheBytesThatAreMeant) {
    std::string record = message_record(1, "hello");
    const std::string meant = record;
    record += "left over in the ring";
    std::string senseless = message_record(2, "hello");
    senseless[4] = '\x7f';
    senseless[7] = '\x7f';
    write({record, senseless, "tiny", ""}, 100);
    EXPECT_EQ(read_back(path).records, (std::vector<std::string>{meant, senseless, "tiny", ""}));
}

TEST_F(RawFile, RepetitiveTrafficShrinks) {
    const std::string request =
        message_record(1, "GET /orders/12345 HTTP/1.1\r\nHost: localhost\r\nUser-Agent: wrk\r\nAccept: */*\r\n\r\n");
    write(std::vector<std::string>(10'000, request), 10'000);
    EXPECT_LT(std::filesystem::file_size(path), 10'000 * request.size() / 10);
}

TEST_F(RawFile, IsReadableByItsOwnerOnly) {
    ::umask(0);
    write({}, 1);
    struct stat status {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);

    ASSERT_EQ(::chmod(path.c_str(), 0666), 0);
    write({}, 1);
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U) << "also where another file was before";
    ::umask(022);
}

TEST_F(RawFile, RefusesToOverwriteAndNamesForce) {
    write_contents(path, "precious");
    const auto refused = RawWriter::create(path, kInfo, false);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().fix, HasSubstr("--force"));
    EXPECT_EQ(refused.error().exit_code, ExitCode::kFailed);
    EXPECT_EQ(contents_of(path), "precious");
}

TEST_F(RawFile, ForceDoesNotWriteThroughALink) {
    write_contents(scratch.file("target"), "precious");
    ASSERT_EQ(::symlink(scratch.file("target").c_str(), path.c_str()), 0);
    EXPECT_FALSE(RawWriter::create(path, kInfo, false));
    ASSERT_TRUE(RawWriter::create(path, kInfo, true));
    EXPECT_EQ(contents_of(scratch.file("target")), "precious");
}

TEST_F(RawFile, ARecordThatIsTooLongIsRefusedAndCounted) {
    auto writer = RawWriter::create(path, kInfo, false);
    ASSERT_TRUE(writer);
    EXPECT_FALSE(writer->append(as_event(std::string(kMaxRawRecordBytes + 1, 'x'))));
    ASSERT_TRUE(writer->append(as_event(std::string(kMaxRawRecordBytes, 'x'))));
    ASSERT_TRUE(writer->finish({}));
    EXPECT_EQ(writer->records_lost(), 1U);
    EXPECT_EQ(read_back(path).records, std::vector<std::string>{std::string(kMaxRawRecordBytes, 'x')});
}

TEST_F(RawFile, AFullDeviceIsAnErrorAtOnce) {
    const auto full = RawWriter::create("/dev/full", kInfo, true);
    ASSERT_FALSE(full);
    EXPECT_THAT(full.error().what, HasSubstr("No space left on device"));
}

TEST_F(RawFile, OnAFullDiskWhatWasRecordedStaysReadable) {
    const TinyDisk disk("128k");
    if (!disk.mounted()) GTEST_SKIP() << "needs root and a mount namespace";
    const auto records = varied_records(4'000);  // about 1.4 MB that do not shrink
    auto writer = RawWriter::create(disk.file("a.ffraw"), kInfo, false);
    ASSERT_TRUE(writer);
    std::size_t errors = 0;
    for (std::size_t i = 0; i < records.size(); ++i) {
        const auto appended = writer->append(as_event(records[i]));
        const auto flushed = i % 50 == 49 ? writer->flush() : Result<void>{};
        for (const auto& result : {appended, flushed}) {
            if (result) continue;
            ++errors;
            EXPECT_THAT(result.error().what, HasSubstr("No space left on device"));
        }
    }
    EXPECT_TRUE(writer->finish({}));
    EXPECT_EQ(errors, 1U);
    EXPECT_EQ(writer->records_written() + writer->records_lost(), records.size());
    EXPECT_GT(writer->records_written(), 0U);

    const ReadBack read = read_back(disk.file("a.ffraw"));
    EXPECT_EQ(read.records, std::vector<std::string>(records.begin(), records.begin() + writer->records_written()));
    EXPECT_THAT(read.error, HasSubstr("without a trailer"));
    EXPECT_FALSE(read.complete);
}

TEST_F(RawFile, ACutFileGivesEveryWholeChunkAndThenSaysWhereItWasCut) {
    const auto records = varied_records(40);
    write(records, 10);
    const std::string whole = contents_of(path);
    std::size_t last = 0;
    for (std::size_t length = 0; length < whole.size(); ++length) {
        auto reader = RawReader::from(in_memory(whole.substr(0, length)), "a.ffraw");
        if (!reader) {
            ASSERT_LT(length, 100U);
            ASSERT_THAT(reader.error().what, HasSubstr("a.ffraw"));
            continue;
        }
        const ReadBack read = drain(*reader);
        ASSERT_FALSE(read.complete);
        ASSERT_THAT(read.error, HasSubstr("at byte"));
        ASSERT_EQ(read.records.size() % 10, 0U);
        ASSERT_GE(read.records.size(), last);
        ASSERT_EQ(read.records, std::vector<std::string>(records.begin(), records.begin() + read.records.size()));
        last = read.records.size();
    }
    EXPECT_EQ(last, 40U);
}

TEST_F(RawFile, AFlippedBitCostsAtMostItsChunkOrWhatFollowsAndIsReported) {
    const auto records = varied_records(40);
    write(records, 10);
    const std::string whole = contents_of(path);
    std::size_t stepped_over = 0;
    for (std::size_t byte = 0; byte < whole.size(); ++byte) {
        std::string damaged = whole;
        damaged[byte] = static_cast<char>(damaged[byte] ^ (1 << (byte % 8)));
        auto reader = RawReader::from(in_memory(damaged), "a.ffraw");
        if (!reader) continue;
        const ReadBack read = drain(*reader);
        ASSERT_NE(read.error, "") << byte;
        ASSERT_THAT(read.error, HasSubstr("at byte"));
        ASSERT_EQ(read.records.size() % 10, 0U);
        for (const std::string& record : read.records) {
            ASSERT_NE(std::find(records.begin(), records.end(), record), records.end());
        }
        if (read.complete) {
            ASSERT_EQ(read.records.size(), 30U);
            ASSERT_THAT(read.error, HasSubstr("10 records are missing"));
            ++stepped_over;
        }
    }
    EXPECT_GT(stepped_over, whole.size() / 2) << "most bytes are payload, and damage there costs one chunk only";
}

TEST_F(RawFile, NewerAndForeignFilesAreNamedAsSuch) {
    write(varied_records(1), 1);
    const std::string whole = contents_of(path);
    for (const std::size_t version_field : {8U, 12U}) {
        std::string newer = whole;
        newer[version_field] = 2;
        const auto reader = RawReader::from(in_memory(newer), "a.ffraw");
        ASSERT_FALSE(reader);
        EXPECT_THAT(reader.error().what, HasSubstr("newer footfall"));
    }
    for (const char* other : {"", "x", "this is a text and no raw file at all, whatever its name says"}) {
        const auto reader = RawReader::from(in_memory(other), "a.ffraw");
        ASSERT_FALSE(reader);
        EXPECT_THAT(reader.error().what, HasSubstr("is not a footfall raw file"));
        EXPECT_EQ(reader.error().fix, "");
    }
    const auto session = RawReader::from(in_memory("\x89"
                                                   "FFS\r\n\x1a\n and what a session has"),
                                         "a.ffs");
    ASSERT_FALSE(session);
    EXPECT_THAT(session.error().what, HasSubstr("is not a footfall raw file"));
    EXPECT_THAT(session.error().fix, HasSubstr("footfall report a.ffs"));
    EXPECT_FALSE(RawReader::open(scratch.path()));
    EXPECT_FALSE(RawReader::open(scratch.file("missing")));
}

TEST_F(RawFile, HostileSizesWithRightChecksumsAreDamageAndTakeNoMemory) {
    write({}, 1);
    constexpr std::size_t kTrailerBytes =
        sizeof(RawBlockHeader) + std::size_t{2} * 21;  // two counters with names of 9 letters
    const std::string header = contents_of(path).substr(0, contents_of(path).size() - kTrailerBytes);
    for (const RawBlockKind kind : {RawBlockKind::kChunk, RawBlockKind::kTrailer, static_cast<RawBlockKind>(9)}) {
        RawBlockHeader block{.kind = kind, .stored_bytes = 0xFFFFFFFF, .raw_bytes = 0xFFFFFFFF, .items = 0xFFFFFFFF};
        block.header_checksum = header_checksum(block);
        const std::string bytes = header + std::string(reinterpret_cast<const char*>(&block), sizeof(block)) + "abc";
        auto reader = RawReader::from(in_memory(bytes), "a.ffraw");
        ASSERT_TRUE(reader) << reader.error().what;
        EXPECT_THAT(drain(*reader).error, HasSubstr("makes no sense"));
    }
}

TEST_F(RawFile, CanBeReadFromAPipe) {
    const auto records = varied_records(20);
    write(records, 7);
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const std::string bytes = contents_of(path);
    ASSERT_EQ(::write(ends[1], bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    ::close(ends[1]);
    auto reader = RawReader::from(Fd(ends[0]), "standard input");
    ASSERT_TRUE(reader);
    EXPECT_EQ(drain(*reader).records, records);
}

}  // namespace
}  // namespace footfall
