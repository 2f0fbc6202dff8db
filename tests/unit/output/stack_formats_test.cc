#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>

#include "output/folded/folded_stacks.h"
#include "output/json/session_json.h"
#include "output/pprof/pprof_profile.h"
#include "output/session/utf8.h"
#include "output/stacks/stack_filter.h"
#include "pprof/profile.pb.h"
#include "tests/unit/output/example_stacks.h"
#include "tests/unit/support/scratch.h"

namespace footfall {
namespace {

using testing::HasSubstr;
namespace pprof = perftools::profiles;

std::string unzipped(const std::string& bytes) {
    z_stream stream{};
    inflateInit2(&stream, MAX_WBITS + 16);
    std::string out(std::size_t{16} << 20U, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    inflateEnd(&stream);
    return out;
}

pprof::Profile profile_of(const Snapshot& snapshot) {
    pprof::Profile profile;
    EXPECT_TRUE(profile.ParseFromString(unzipped(pprof_profile(snapshot).value())));
    return profile;
}

std::string text_at(const pprof::Profile& profile, std::int64_t index) {
    return profile.string_table(static_cast<int>(index));
}

// All that profile.proto demands: ids from 1, unique and known; every index in its table; values as many as types.
void expect_valid(const pprof::Profile& profile) {
    ASSERT_GT(profile.string_table_size(), 0);
    EXPECT_EQ(profile.string_table(0), "");
    std::set<std::string> texts(profile.string_table().begin(), profile.string_table().end());
    EXPECT_EQ(texts.size(), static_cast<std::size_t>(profile.string_table_size())) << "a string twice";
    for (int i = 0; i < profile.mapping_size(); ++i) {
        const pprof::Mapping& mapping = profile.mapping(i);
        EXPECT_EQ(mapping.id(), static_cast<std::uint64_t>(i) + 1);
        EXPECT_LT(mapping.memory_start(), mapping.memory_limit());
    }
    for (const pprof::Location& location : profile.location()) {
        ASSERT_LE(location.mapping_id(), static_cast<std::uint64_t>(profile.mapping_size()));
        EXPECT_FALSE(location.line().empty());
        for (const pprof::Line& line : location.line()) {
            ASSERT_TRUE(line.function_id() >= 1 &&
                        line.function_id() <= static_cast<std::uint64_t>(profile.function_size()));
        }
    }
    for (const pprof::Function& function : profile.function()) EXPECT_NE(text_at(profile, function.name()), "");
    for (const pprof::Sample& sample : profile.sample()) {
        EXPECT_EQ(sample.value_size(), profile.sample_type_size());
        for (const std::uint64_t id : sample.location_id()) {
            ASSERT_TRUE(id >= 1 && id <= static_cast<std::uint64_t>(profile.location_size()));
        }
    }
}

std::map<std::string, std::int64_t> sums_of(const pprof::Profile& profile) {
    std::map<std::string, std::int64_t> sums;
    for (int type = 0; type < profile.sample_type_size(); ++type) {
        for (const pprof::Sample& sample : profile.sample())
            sums[text_at(profile, profile.sample_type(type).type())] += sample.value(type);
    }
    return sums;
}

TEST(PprofProfile, EveryStackIsInItWithItsTimeUnderTheRightType) {
    const pprof::Profile profile = profile_of(example_with_stacks());
    expect_valid(profile);
    EXPECT_EQ(sums_of(profile), (std::map<std::string, std::int64_t>{
                                    {"samples", 300}, {"cpu", 3'000'000'000}, {"waits", 430}, {"delay", 5'500'000'000}}));
    EXPECT_EQ(text_at(profile, profile.default_sample_type()), "cpu");
    EXPECT_EQ(profile.period(), 10'101'010);
    EXPECT_EQ(profile.duration_nanos(), 10'000'000'000);
    EXPECT_EQ(profile.time_nanos(), 1763833980'000'000'000);
}

TEST(PprofProfile, ShowsDelayFirstWhereNothingRan) {
    Snapshot snapshot = example_with_stacks();
    keep_chosen(*snapshot.mutable_stacks(), {.states = {STACK_BLOCKED}});
    const pprof::Profile profile = profile_of(snapshot);
    EXPECT_EQ(text_at(profile, profile.default_sample_type()), "delay");
}

TEST(PprofProfile, InlinedFunctionsComeFirstInTheirLocation) {
    const pprof::Profile profile = profile_of(example_with_stacks());
    for (const pprof::Location& location : profile.location()) {
        if (location.address() != 0x3080) continue;
        ASSERT_EQ(location.line_size(), 2);
        const auto name = [&](int line) {
            return text_at(profile, profile.function(static_cast<int>(location.line(line).function_id()) - 1).name());
        };
        EXPECT_EQ(name(0), "hash");
        EXPECT_EQ(name(1), "parse(char const*, int)");
        EXPECT_EQ(location.line(0).line(), 7);
        return;
    }
    FAIL() << "the location is not there";
}

TEST(PprofProfile, MappingsCarryBuildIdsAndTheMainProgramIsTheFirst) {
    const pprof::Profile profile = profile_of(example_with_stacks());
    EXPECT_EQ(text_at(profile, profile.mapping(0).filename()), "/usr/sbin/nginx");
    EXPECT_EQ(text_at(profile, profile.mapping(0).build_id()), "abc123");
    EXPECT_TRUE(profile.mapping(0).has_functions() && profile.mapping(0).has_inline_frames());
    std::map<std::string, const pprof::Mapping*> by_name;
    for (const pprof::Mapping& mapping : profile.mapping()) by_name[text_at(profile, mapping.filename())] = &mapping;
    ASSERT_TRUE(by_name.contains("[kernel]"));
    EXPECT_FALSE(by_name.at("/opt/shop/shop")->has_functions()) << "it was stripped: a server may know more";
}

TEST(PprofProfile, LabelsSayWhoWaitedForWhat) {
    const pprof::Profile profile = profile_of(example_with_stacks());
    std::map<std::string, std::string> labels;
    for (const pprof::Label& label : profile.sample(6).label())
        labels[text_at(profile, label.key())] = text_at(profile, label.str());
    EXPECT_EQ(labels, (std::map<std::string, std::string>{{"service", "shop"},
                                                          {"operation", "http GET /orders/{id}"},
                                                          {"thread", "worker 2"},
                                                          {"state", "blocked"},
                                                          {"wait", "lock"}}));
    labels.clear();
    for (const pprof::Label& label : profile.sample(5).label())
        labels[text_at(profile, label.key())] = text_at(profile, label.str());
    EXPECT_EQ(labels["stop"], "no_table");
}

TEST(PprofProfile, SaysHowCompleteItIs) {
    Snapshot snapshot = example_with_stacks();
    const pprof::Profile profile = profile_of(snapshot);
    EXPECT_THAT(text_at(profile, profile.comment(0)),
                HasSubstr("680 of 730 user stacks complete (50 with guesses), 50 of 2,000 user frames guessed"));
    snapshot.mutable_stacks()->clear_complete_with_guesses();
    const pprof::Profile older = profile_of(snapshot);
    EXPECT_THAT(text_at(older, older.comment(0)), HasSubstr("680 of 730 user stacks complete, 50 of"));
}

TEST(PprofProfile, IsTheSameForTheSameSession) {
    EXPECT_EQ(pprof_profile(example_with_stacks()).value(), pprof_profile(example_with_stacks()).value());
}

TEST(PprofProfile, StaysValidWhateverTheFileSays) {
    for (std::uint32_t seed = 0; seed < 80; ++seed) expect_valid(profile_of(hostile_stacks(seed)));
}

std::string output_of(const std::string& command) {
    std::string out;
    std::FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) out += static_cast<char>(c);
    ::pclose(pipe);
    return out;
}

// The Go toolchain as it was installed; no test downloads one.
std::string go() {
    for (const char* path : {"/usr/local/go/bin/go", "/usr/bin/go", "/usr/lib/go/bin/go"}) {
        if (::access(path, X_OK) == 0) return std::string("GOTOOLCHAIN=local ") + path;
    }
    return {};
}

TEST(PprofProfile, GoToolPprofReadsIt) {
    if (go().empty()) GTEST_SKIP() << "no Go toolchain here, whose `go tool pprof` would read the profile";
    const ScratchDirectory scratch;
    const std::string file = scratch.file("profile.pb.gz");
    write_contents(file, pprof_profile(example_with_stacks()).value());
    const std::string pprof = "PPROF_TMPDIR=" + scratch.path() + " " + go() + " tool pprof -symbolize=none -unit=ms ";
    const std::string top = output_of(pprof + "-top " + file);
    EXPECT_THAT(top, HasSubstr("File: nginx"));
    EXPECT_THAT(top, HasSubstr("Type: cpu"));
    EXPECT_THAT(top, HasSubstr("Duration: 10s, Total samples = 3000ms (30.00%)"));
    EXPECT_TRUE(std::regex_search(top, std::regex(R"(800ms 26\.67% +\S+ +1200ms 40\.00% +parse\(char const\*, int\))")))
        << top;
    EXPECT_TRUE(std::regex_search(top, std::regex(R"(400ms 13\.33%.*hash \(inline\))"))) << top;
    EXPECT_THAT(top, HasSubstr("[shop]+0x5678"));
    const std::string waits = output_of(pprof + "-top -sample_index=delay -tagfocus=service=shop " + file);
    EXPECT_TRUE(std::regex_search(waits, std::regex(R"(1500ms 27\.27%.*schedule)"))) << waits;
    EXPECT_TRUE(std::regex_search(output_of(pprof + "-tags " + file), std::regex(R"(2000ms \(66\.67%\): nginx)")));
}

// What flamegraph.pl and its like take: frames without a separator in them, one space, a whole number.
std::map<std::string, std::uint64_t> parsed_folded(const std::string& text) {
    std::map<std::string, std::uint64_t> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        const std::size_t space = line.find(' ');
        EXPECT_NE(space, std::string::npos) << line;
        EXPECT_EQ(line.find(' ', space + 1), std::string::npos) << line;
        EXPECT_EQ(line.find(";;"), std::string::npos) << line;
        EXPECT_TRUE(line[0] != ';' && line[space - 1] != ';') << line;
        EXPECT_TRUE(is_utf8(line));
        for (const char c : line) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) << line;
        const std::string value = line.substr(space + 1);
        EXPECT_EQ(value.find_first_not_of("0123456789"), std::string::npos) << line;
        EXPECT_TRUE(lines.emplace(line.substr(0, space), std::stoull(value)).second) << "twice: " << line;
    }
    return lines;
}

TEST(FoldedStacks, AreServiceThreadAndFramesOutermostFirst) {
    Snapshot snapshot = example_with_stacks();
    keep_chosen(*snapshot.mutable_stacks(), {.states = {STACK_RUNNING}});
    EXPECT_EQ(folded_stacks(snapshot.stacks()).value(),
              "nginx;nginx;_start;main;parse(char_const*,int) 800000\n"
              "nginx;nginx;_start;main;parse(char_const*,int);hash_[i] 400000\n"
              "nginx;nginx;_start;main;writev;tcp_sendmsg_[k] 800000\n"
              "shop;worker_1;[incomplete:no_table];render_[j] 500000\n"
              "shop;worker_1;render_[j];[shop]+0x5678 500000\n");
}

TEST(FoldedStacks, KeepAllTimeOffTheCpuToo) {
    Snapshot snapshot = example_with_stacks();
    keep_chosen(*snapshot.mutable_stacks(), {.states = {STACK_BLOCKED, STACK_QUEUED}});
    std::uint64_t micros = 0;
    for (const auto& [line, value] : parsed_folded(folded_stacks(snapshot.stacks()).value())) micros += value;
    EXPECT_EQ(micros, 5'500'000U);
}

TEST(FoldedStacks, AddUpLinesThatReadTheSame) {
    Stacks stacks;
    StackWriter to(stacks);
    to.sample("s", "t", {to.location(0, 1, {{"f"}})}, 1, 1'400);
    to.sample("s", "t", {to.location(0, 2, {{"f"}})}, 1, 1'400);
    to.sample("s", "t", {to.location(0, 2, {{"g"}})}, 1, 3);
    EXPECT_EQ(folded_stacks(stacks).value(), "s;t;f 3\ns;t;g 1\n");
}

TEST(FoldedStacks, AHostileNameCannotMakeALineOrAFrame) {
    Stacks stacks;
    StackWriter to(stacks);
    to.sample("a;b", "c\n1",
              {to.location(0, 1, {{"x;y 12\nz\t\x7f\xff"}}), to.location(0, 2, {{"operator new(unsigned long)"}})}, 1,
              5'000);
    EXPECT_EQ(folded_stacks(stacks).value(), "a:b;c?1;operator_new(unsigned_long);x:y_12?z??\xEF\xBF\xBD 5\n");
    for (std::uint32_t seed = 0; seed < 80; ++seed) parsed_folded(folded_stacks(hostile_stacks(seed).stacks()).value());
}

TEST(StacksJson, SamplesNameLocationsThatAreThere) {
    for (std::uint32_t seed = 0; seed < 80; ++seed) {
        const nlohmann::json stacks = nlohmann::json::parse(session_json(hostile_stacks(seed)))["stacks"];
        for (const auto& sample : stacks["samples"]) {
            for (const auto& at : sample["locations"]) ASSERT_LT(at.get<std::size_t>(), stacks["locations"].size());
            for (const auto& at : sample["guessed"]) ASSERT_LT(at.get<std::size_t>(), sample["locations"].size());
        }
    }
}

TEST(StacksJson, HasStacksAsTheyWereRecorded) {
    const nlohmann::json stacks = nlohmann::json::parse(session_json(example_with_stacks()))["stacks"];
    const nlohmann::json& locked = stacks["samples"][6];
    EXPECT_EQ(locked["service"], "shop");
    EXPECT_EQ(locked["state"], "blocked");
    EXPECT_EQ(locked["wait"], "lock");
    EXPECT_EQ(locked["seconds"], 1.0);
    EXPECT_TRUE(stacks["samples"][0]["wait"].is_null());
    EXPECT_FALSE(stacks["samples"][5]["complete"].get<bool>());
    EXPECT_EQ(stacks["samples"][5]["stop"], "no_table");
    EXPECT_EQ(stacks["locations"][locked["locations"][1].get<std::size_t>()]["functions"][0]["name"], "pthread_mutex_lock");
    EXPECT_EQ(stacks["completeness"]["complete"], 680);
    EXPECT_EQ(stacks["completeness"]["complete_with_guesses"], 50);
    EXPECT_EQ(stacks["locations"][8]["miss"], "stripped");
}

TEST(StacksJson, ASessionOfAnOlderFootfallDoesNotSayHowManyCompleteStacksHaveGuesses) {
    Snapshot snapshot = example_with_stacks();
    snapshot.mutable_stacks()->clear_complete_with_guesses();
    const nlohmann::json stacks = nlohmann::json::parse(session_json(snapshot))["stacks"];
    EXPECT_TRUE(stacks["completeness"]["complete_with_guesses"].is_null());
    EXPECT_EQ(stacks["completeness"]["complete"], 680);
}

}  // namespace
}  // namespace footfall
