// Frames of "length (2 bytes), body", cut in every way that streams are.
#include "agent/protocols/framing/length_framer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace footfall {
namespace {

using Step = LengthFramer::Step;

constexpr std::size_t kKeep = 4;

std::string frame(std::string_view body) {
    return std::string{static_cast<char>(body.size() >> 8U), static_cast<char>(body.size() & 255U)} + std::string(body);
}

class Frames : public ::testing::Test {
protected:
    void take(Step step) {
        if (step == Step::kHeader) {
            const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(framer.header()[i]); };
            framer.begin_body(std::size_t{byte(0)} * 256 + byte(1), kKeep);
        } else if (step == Step::kFrame) {
            seen.push_back(std::string(framer.body()) + (framer.body_kept() ? "" : "?") + "/" +
                           std::to_string(framer.bytes()) + " " + std::to_string(framer.begin().time.nanoseconds) + "-" +
                           std::to_string(framer.last().nanoseconds));
        } else if (step == Step::kGap) {
            seen.emplace_back("gap");
        }
    }
    void bytes(std::string piece) {
        std::string_view rest = piece;
        const Stamp stamp{{++now}, Pid{1}, Tid{1}};
        for (Step step = framer.advance(rest, stamp);; step = framer.advance(rest, stamp)) {
            if (step == Step::kMore) break;
            take(step);
        }
        piece.assign(piece.size(), '!');  // as a ring's record is gone
    }
    void gap(std::uint64_t length) {
        const Stamp stamp{{++now}, Pid{1}, Tid{1}};
        while (length > 0) take(framer.skip(length, stamp));
    }

    LengthFramer framer{2};
    std::vector<std::string> seen;
    std::uint64_t now = 0;
};

using Seen = std::vector<std::string>;

TEST_F(Frames, SeveralInOnePieceAreToldOneByOne) {
    bytes(frame("ab") + frame("") + frame("cdefgh"));
    EXPECT_EQ(seen, (Seen{"ab/4 1-1", "/2 1-1", "cdef/8 1-1"}));
}

TEST_F(Frames, ByteByByteIsTheSameButForTheTimes) {
    for (const char byte : frame("ab") + frame("") + frame("cdefgh")) bytes(std::string(1, byte));
    EXPECT_EQ(seen, (Seen{"ab/4 1-4", "/2 5-6", "cdef/8 7-14"}));
}

TEST_F(Frames, AnEmptyOneAtTheEndOfAPieceIsToldAtOnce) {
    bytes(frame(""));
    EXPECT_EQ(seen, Seen{"/2 1-1"});
    EXPECT_TRUE(framer.between());
}

TEST_F(Frames, AGapInABodyCostsWhatItHeldAndNothingElse) {
    const std::string whole = frame("abcdefgh") + frame("xy");
    bytes(whole.substr(0, 4));
    gap(3);
    bytes(whole.substr(7));
    EXPECT_EQ(seen, (Seen{"ab?/10 1-3", "xy/4 3-3"}));
}

TEST_F(Frames, AGapBehindWhatIsKeptIsNotNoticed) {
    const std::string whole = frame("abcdefgh");
    bytes(whole.substr(0, 6));
    gap(4);
    EXPECT_EQ(seen, Seen{"abcd/10 1-2"});
}

TEST_F(Frames, AGapThatReachesIntoTheNextHeaderEndsTheStep) {
    bytes(frame("abcdefgh").substr(0, 6));
    gap(5);
    bytes(frame("xy"));
    EXPECT_EQ(seen, (Seen{"abcd/10 1-2", "gap"}));
    EXPECT_FALSE(framer.in_step());
    framer.start();
    bytes(frame("xy"));
    EXPECT_EQ(seen.back(), "xy/4 4-4");
}

}  // namespace
}  // namespace footfall
