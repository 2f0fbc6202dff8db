#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "output/json/session_json.h"
#include "output/json/trace_line_json.h"
#include "output/session/merge_sessions.h"
#include "output/table/trace_line_text.h"
#include "tests/unit/output/example_functions.h"
#include "tests/unit/output/golden.h"

namespace footfall {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

Json schema() {
    const auto here = std::filesystem::path(__FILE__).parent_path();
    return Json::parse(contents_of((here / "../../../output/json/session.schema.json").string()));
}

// Follows "$ref": "#/$defs/name".
const Json& resolved(const Json& root, const Json& part) {
    if (!part.contains("$ref")) return part;
    const std::string name = part["$ref"].get<std::string>().substr(std::string("#/$defs/").size());
    return root["$defs"][name];
}

// Every required key is there, and every key that is there is described.
void expect_keys(const Json& root, const Json& part, const Json& value, const std::string& where) {
    const Json& type = resolved(root, part);
    if (value.is_array() && type.contains("items")) {
        for (const Json& item : value) expect_keys(root, type["items"], item, where + "[]");
    }
    if (!value.is_object() || !type.contains("properties")) return;
    for (const Json& key : type.value("required", Json::array())) {
        EXPECT_TRUE(value.contains(key.get<std::string>())) << where << "." << key;
    }
    for (const auto& [key, child] : value.items()) {
        EXPECT_TRUE(type["properties"].contains(key)) << where << "." << key << " is not in the schema";
        if (type["properties"].contains(key))
            expect_keys(root, type["properties"][key], child, std::string(where).append(".").append(key));
    }
}

TEST(SessionJson, LooksAsRecorded) { expect_golden(session_json(example_snapshot()), "session.json"); }

TEST(SessionJson, HasTheKeysOfItsSchema) {
    const Json root = schema();
    const Json document = Json::parse(session_json(example_snapshot()));
    expect_keys(root, root, document, "$");
    expect_keys(root, root, Json::parse(session_json(Snapshot{})), "$");
}

// With a function of each sort: called and timed, never called, not picked by each session, not to be counted.
Snapshot example_functions() {
    Snapshot first = functions_session({.lost = 1}, {{"buy", 16, 2}, {"sell", 32, 0}, {"chosen", 48, 0}, {"exits", 64, 1}});
    FunctionFile& file = *first.mutable_function_files(0);
    file.set_timed(true);
    *file.mutable_functions(0)->mutable_duration() = histogram_of({0.001, 0.002});
    file.mutable_functions(0)->add_aliases("purchase");
    file.mutable_functions(0)->set_exits(3);
    file.mutable_functions(0)->set_emulated_exits(2);
    file.mutable_functions(0)->set_not_returned(1);
    file.mutable_functions(2)->set_not_counted("ifunc");
    file.mutable_functions(3)->set_not_timed("nothing returns from it");
    Snapshot second = functions_session({.start = kNoon + 60 * kSecond}, {{"buy", 16, 1}});
    FunctionFile& other = *second.add_function_files();
    other.set_path("/usr/lib/none.so");
    other.set_miss("stripped");
    other.set_coverage(true);
    other.set_not_timed("exceptions");
    return merge_sessions({first, second, example_snapshot()});
}

TEST(SessionJson, HasTheKeysOfItsSchemaForFunctionsToo) {
    const Json root = schema();
    const Snapshot functions = example_functions();
    const InventoryAnswer inventory = compare_inventory(functions, plain_list("buy\nsell\nGET /gone\nlibz!x"));
    const Json document = Json::parse(session_json(functions, {&inventory}));
    ASSERT_EQ(document["function_files"].size(), 2U);
    expect_keys(root, root, document, "$");
    const Json& buy = document["function_files"][0]["functions"][0];
    EXPECT_EQ(buy["calls"], 3);
    EXPECT_EQ(buy["not_returned"], 1);
    EXPECT_EQ(buy["exits"], (Json{{"sites", 3}, {"emulated", 2}}));
    EXPECT_EQ(document["function_files"][0]["functions"][1]["not_timed"], "nothing returns from it");
    EXPECT_EQ(document["function_files"][0]["watched"]["seconds"], 20);
    EXPECT_EQ(document["function_files"][0]["watched"]["lost"], 1);
    EXPECT_EQ(document["session"]["merged"]["sessions"], 3);
    EXPECT_EQ(document["inventory"]["lines"][3]["state"], "not_watched");
}

TEST(SessionJson, HasTheKeysThatScriptsRelyOn) {
    const Json document = Json::parse(session_json(example_snapshot()));
    EXPECT_EQ(document["schema"], "footfall.session/v1");
    for (const char* key : {"start", "duration_seconds", "host", "kernel", "overhead"}) {
        EXPECT_TRUE(document["session"].contains(key)) << key;
    }
    for (const char* key : {"agent_cpu_seconds", "bpf_cpu_seconds"}) {
        EXPECT_TRUE(document["session"]["overhead"].contains(key)) << key;
    }
    for (const char* key : {"received", "exported", "dropped"}) EXPECT_TRUE(document["accounting"].contains(key)) << key;
    for (const char* key :
         {"service", "role", "kind", "operation", "uses", "errors", "outcomes", "latency_seconds", "bytes_in", "bytes_out",
          "cpu_seconds", "offcpu_seconds", "consumers", "distinct_consumers", "first_seen", "last_seen"}) {
        EXPECT_TRUE(document["operations"][0].contains(key)) << key;
    }
    for (const char* key : {"p50", "p90", "p99", "max"}) {
        EXPECT_TRUE(document["operations"][0]["latency_seconds"][key].is_number()) << key;
    }
    for (const char* key : {"service", "reason", "hint"}) EXPECT_TRUE(document["blind_spots"][0].contains(key)) << key;
}

TEST(SessionJson, CountsUsesAndErrorsOverOutcomes) {
    const Json orders = Json::parse(session_json(example_snapshot()))["operations"][0];
    EXPECT_EQ(orders["operation"], "GET /orders/{id}");
    EXPECT_EQ(orders["uses"], 1'003);
    EXPECT_EQ(orders["errors"], 3);
    EXPECT_EQ(orders["outcomes"], (Json{{"200", 1'000}, {"500", 3}}));
    EXPECT_DOUBLE_EQ(orders["rate_per_second"], 100.3);
}

TEST(SessionJson, TheAccountingLawHoldsInWhatIsPrinted) {
    const Json accounting = Json::parse(session_json(example_snapshot()))["accounting"];
    std::uint64_t dropped = 0;
    for (const auto& [reason, count] : accounting["dropped"].items()) dropped += count.get<std::uint64_t>();
    EXPECT_EQ(accounting["received"], accounting["exported"].get<std::uint64_t>() + dropped);
}

TEST(SessionJson, BytesThatAreNotUtf8AreReplaced) {
    Snapshot snapshot = example_snapshot();
    snapshot.mutable_operations(1)->set_operation("GET /\xff\x1b[31m\"\n");
    snapshot.mutable_operations(1)->mutable_outcomes(0)->set_outcome("\xfe");
    const Json document = Json::parse(session_json(snapshot));
    EXPECT_EQ(document["operations"][0]["operation"], "GET /\xEF\xBF\xBD\x1b[31m\"\n");
}

TEST(SessionJson, WhatIsNotKnownIsNull) {
    const Json document = Json::parse(session_json(Snapshot{}));
    EXPECT_TRUE(document["session"]["start"].is_null());
    EXPECT_TRUE(document["session"]["overhead"]["bpf_cpu_seconds"].is_null());
}

TraceLine example_line() {
    return {.time = {1763833980'123'456'789},
            .service = "nginx",
            .role = "server",
            .kind = "http",
            .operation = "GET /orders/{id}",
            .outcome = "500",
            .error_type = "500",
            .duration_nanos = 1'234'567,
            .time_to_first_byte_nanos = 1'200'000,
            .bytes_in = 345,
            .bytes_out = 6'789,
            .consumer = "10.0.0.7",
            .pid = 4242};
}

TEST(TraceLineJson, IsOneLineWithAllKeys) {
    EXPECT_EQ(trace_line_json(example_line()),
              R"({"time":"2025-11-22T17:53:00.123456Z","service":"nginx","role":"server","kind":"http",)"
              R"("operation":"GET /orders/{id}","outcome":"500","error_type":"500","duration_seconds":0.001234567,)"
              R"("time_to_first_byte_seconds":0.0012,"bytes_in":345,"bytes_out":6789,"consumer":"10.0.0.7","pid":4242})");
}

TEST(TraceLines, SayWhatCameOverTls) {
    TraceLine line = example_line();
    line.tls = true;
    EXPECT_EQ(Json::parse(trace_line_json(line))["tls"], true);
    EXPECT_THAT(trace_line_text(line, {}), HasSubstr("nginx ← http+tls GET /orders/{id}  "));
}

TEST(TraceLines, SayWhatAUseCost) {
    TraceLine line = example_line();
    line.cpu_nanos = 45'000;
    EXPECT_EQ(Json::parse(trace_line_json(line))["cpu_seconds"], 0.000045);
    EXPECT_THAT(trace_line_text(line, {}), HasSubstr(", CPU 45.0µs"));
}

TEST(TraceLineJson, AHostileNameStaysOnItsLine) {
    TraceLine line = example_line();
    line.operation = "GET /\n\xff";
    const std::string text = trace_line_json(line);
    EXPECT_EQ(text.find('\n'), std::string::npos);
    EXPECT_EQ(Json::parse(text)["operation"], "GET /\n\xEF\xBF\xBD");
}

TEST(TraceLineText, SaysTheSameForPeople) {
    EXPECT_EQ(trace_line_text(example_line(), {}),
              "17:53:00.123   1.23ms  500      nginx ← http GET /orders/{id}  "
              "first byte 1.20ms, in 345B, out 6.63KiB, by 10.0.0.7, pid 4242");
}

TEST(TraceLines, WhatIsNotAnsweredHasNoDuration) {
    TraceLine line = example_line();
    line.duration_nanos = 0;
    line.time_to_first_byte_nanos.reset();
    EXPECT_TRUE(Json::parse(trace_line_json(line))["duration_seconds"].is_null());
    EXPECT_THAT(trace_line_text(line, {}), HasSubstr("17:53:00.123        -  500 "));
}

TEST(TraceLineText, NothingThatATerminalObeysGetsThrough) {
    TraceLine line = example_line();
    line.role = "client";
    line.operation = line.kind = line.service = line.consumer = line.outcome = "\x1b[2J\n";
    const std::string text = trace_line_text(line, {});
    EXPECT_EQ(text.find_first_of("\x1b\n"), std::string::npos);
    EXPECT_THAT(text, HasSubstr("\\x1b[2J\\x0a → "));
}

}  // namespace
}  // namespace footfall
