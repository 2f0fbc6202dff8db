// The walk over BSON, held against libbson.
#include "agent/protocols/mongodb/bson_walk.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/unit/mongodb/wire.h"

namespace footfall::mongodb {
namespace {

const std::string kEveryType = R"({
    "find": "orders", "double": 1.5, "document": {"a": 1}, "array": [1, "two"], "yes": true, "null": null, "int": 7,
    "long": {"$numberLong": "5000000000"}, "decimal": {"$numberDecimal": "1.5"}, "id": {"$oid": "6b0b39e79e8c42a8664f4a55"},
    "binary": {"$binary": {"base64": "AAEC", "subType": "00"}}, "date": {"$date": {"$numberLong": "1000"}},
    "time": {"$timestamp": {"t": 1, "i": 2}}, "regex": {"$regularExpression": {"pattern": "a.*", "options": "i"}},
    "code": {"$code": "f"}, "scoped": {"$code": "f", "$scope": {"a": 1}}, "symbol": {"$symbol": "s"},
    "undefined": {"$undefined": true}, "min": {"$minKey": 1}, "max": {"$maxKey": 1},
    "pointer": {"$dbPointer": {"$ref": "c", "$id": {"$oid": "6b0b39e79e8c42a8664f4a55"}}}, "empty": {}, "text": ""})";

struct Walked {
    std::vector<std::string> names;
    bool complete = false;
    bool broken = false;
};

Walked walk_all(std::string_view bytes) {
    BsonWalk walk(bytes);
    Walked walked;
    while (const auto element = walk.next()) {
        walked.names.push_back(std::to_string(static_cast<int>(element->type)) + " " + std::string(element->name));
    }
    walked.complete = walk.complete();
    walked.broken = walk.broken();
    return walked;
}

// None if libbson refuses the document.
std::optional<std::vector<std::string>> oracle(std::string_view bytes) {
    bson_t parsed;
    if (!bson_init_static(&parsed, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size())) return std::nullopt;
    std::vector<std::string> names;
    bson_iter_t at;
    if (!bson_iter_init(&at, &parsed)) return std::nullopt;
    while (bson_iter_next(&at)) names.push_back(std::to_string(bson_iter_type(&at)) + " " + bson_iter_key(&at));
    return at.err_off == 0 ? std::optional(names) : std::nullopt;
}

TEST(BsonWalk, FindsTheElementsThatLibbsonFinds) {
    const std::string bytes = document(kEveryType);
    const Walked walked = walk_all(bytes);
    EXPECT_EQ(walked.names, *oracle(bytes));
    EXPECT_EQ(walked.names.size(), 23U);
    EXPECT_TRUE(walked.complete);
}

TEST(BsonWalk, OfADocumentThatIsCutTellsTheFirstElements) {
    const std::string bytes = document(kEveryType);
    const std::vector<std::string> all = *oracle(bytes);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        const Walked walked = walk_all(std::string_view(bytes).substr(0, length));
        ASSERT_FALSE(walked.broken) << length;
        ASSERT_FALSE(walked.complete) << length;
        ASSERT_LE(walked.names.size(), all.size());
        for (std::size_t i = 0; i < walked.names.size(); ++i) ASSERT_EQ(walked.names[i], all[i]) << length;
    }
}

// A byte that is wrong: what libbson takes is walked through alike. (What it refuses for the contents of a value may pass.)
TEST(BsonWalk, TakesDamagedDocumentsAsLibbsonDoes) {
    const std::string bytes = document(kEveryType);
    std::mt19937 random(1);
    int taken = 0;
    for (int round = 0; round < 20000; ++round) {
        std::string damaged = bytes;
        damaged[4 + random() % (damaged.size() - 4)] = static_cast<char>(random());
        const auto truth = oracle(damaged);
        if (!truth) continue;
        const Walked walked = walk_all(damaged);
        EXPECT_EQ(walked.names, *truth);
        ++taken;
    }
    EXPECT_GT(taken, 1000);
}

TEST(BsonWalk, ReadsNumbersAndTruths) {
    const std::string bytes =
        document(R"({"a": 1.0, "b": 59, "c": {"$numberLong": "11000"}, "d": false, "e": "1", "f": 1e300})");
    BsonWalk walk(bytes);
    EXPECT_EQ(integer_of(*walk.next()), 1);
    EXPECT_EQ(integer_of(*walk.next()), 59);
    EXPECT_EQ(integer_of(*walk.next()), 11000);
    EXPECT_EQ(integer_of(*walk.next()), 0);
    EXPECT_EQ(integer_of(*walk.next()), std::nullopt);
    EXPECT_EQ(integer_of(*walk.next()), std::nullopt);
}

TEST(BsonWalk, LengthsThatLieBreakIt) {
    std::string bytes = document(R"({"find": "orders"})");
    EXPECT_TRUE(walk_all(word(4) + bytes.substr(4)).broken);
    EXPECT_TRUE(walk_all(word(0x7FFFFFFF) + bytes.substr(4)).broken);
    EXPECT_TRUE(walk_all(word(static_cast<std::uint32_t>(bytes.size() - 1)) + bytes.substr(4)).broken);
    bytes[4] = 0x20;  // no type
    EXPECT_TRUE(walk_all(bytes).broken);
}

}  // namespace
}  // namespace footfall::mongodb
