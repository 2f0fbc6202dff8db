#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nettle/base64.h>
#include <nettle/sha2.h>

#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "output/flamegraph/flamegraph_html.h"
#include "output/flamegraph/page_parts.h"
#include "tests/unit/output/example_stacks.h"

namespace footfall {
namespace {

using testing::HasSubstr;
using testing::Not;
using Json = nlohmann::json;

constexpr std::string_view kDataOpens = R"(<script type="application/json" id="data">)";

// What stands between an element's tags, as a browser's parser takes it: up to the first closing tag.
std::string inside(const std::string& page, std::string_view opens, std::string_view closes) {
    const std::size_t from = page.find(opens) + opens.size();
    return page.substr(from, page.find(closes, from) - from);
}

Json data_of(const std::string& page) { return Json::parse(inside(page, kDataOpens, "</script>")); }

std::string page_of(const Snapshot& snapshot) { return flamegraph_html(snapshot).value(); }

std::string sha256_base64(std::string_view text) {
    sha256_ctx context{};
    sha256_init(&context);
    sha256_update(&context, text.size(), reinterpret_cast<const std::uint8_t*>(text.data()));
    std::array<std::uint8_t, SHA256_DIGEST_SIZE> digest{};
    sha256_digest(&context, digest.size(), digest.data());
    std::array<char, BASE64_ENCODE_RAW_LENGTH(SHA256_DIGEST_SIZE)> base64{};
    base64_encode_raw(base64.data(), digest.size(), digest.data());
    return {base64.data(), base64.size()};
}

std::size_t count_of(const std::string& text, std::string_view part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
    return count;
}

// A name that would be markup and script anywhere but where it belongs.
Snapshot with_name(const std::string& name) {
    Snapshot snapshot;
    StackWriter to(*snapshot.mutable_stacks());
    to.sample(name, name, {to.location(to.module(name, name), 1, {{name, name, 1}})}, 1, 1'000);
    snapshot.mutable_session()->set_host(name);
    return snapshot;
}

TEST(FlameGraph, EveryNanosecondIsInItsData) {
    const Json data = data_of(page_of(example_with_stacks()));
    std::map<int, std::uint64_t> nanos;  // by state
    for (std::size_t i = 0; i < data["values"]["nanos"].size(); ++i) {
        const auto group = data["values"]["group"][i].get<std::size_t>();
        nanos[data["groups"]["state"][group].get<int>()] += data["values"]["nanos"][i].get<std::uint64_t>();
    }
    EXPECT_EQ(nanos, (std::map<int, std::uint64_t>{{0, 3'000'000'000}, {1, 5'000'000'000}, {2, 500'000'000}}));
}

TEST(FlameGraph, StacksThatBeginAlikeShareTheirNodesAndParentsComeFirst) {
    const Json data = data_of(page_of(example_with_stacks()));
    const Json& parents = data["nodes"]["parent"];
    // _start main parse, parse hash, writev tcp_sendmsg, epoll_wait schedule | render unnamed, mutex schedule, schedule |
    // [incomplete] render. The inlined hash is below the same parse() as the rest of it.
    EXPECT_EQ(parents.size(), 8U + 5U + 2U);
    for (std::size_t i = 0; i < parents.size(); ++i) EXPECT_LT(parents[i].get<int>(), static_cast<int>(i));
}

TEST(FlameGraph, GuessedAndMissingFramesAreMarked) {
    const Json data = data_of(page_of(example_with_stacks()));
    ASSERT_EQ(data["nodes"]["guessed"].size(), 1U);
    const auto frame_of = [&](std::size_t node) { return data["nodes"]["frame"][node].get<std::size_t>(); };
    const auto name_of = [&](std::size_t frame) {
        return data["strings"][data["frames"]["name"][frame].get<std::size_t>()];
    };
    EXPECT_EQ(name_of(frame_of(data["nodes"]["guessed"][0].get<std::size_t>())), "render");
    std::size_t incomplete = 0;
    for (std::size_t i = 0; i < data["frames"]["flags"].size(); ++i) {
        if ((data["frames"]["flags"][i].get<unsigned>() & 8U) == 0) continue;
        EXPECT_EQ(name_of(i), "no_table");
        ++incomplete;
    }
    EXPECT_EQ(incomplete, 1U);
}

TEST(FlameGraph, AFunctionIsShownAtTheLineThatHadMostTime) {
    const Json data = data_of(page_of(example_with_stacks()));
    for (std::size_t i = 0; i < data["frames"]["name"].size(); ++i) {
        if (data["strings"][data["frames"]["name"][i].get<std::size_t>()] != "parse(char const*, int)") continue;
        EXPECT_EQ(data["strings"][data["frames"]["file"][i].get<std::size_t>()], "parse.c");
        EXPECT_EQ(data["frames"]["line"][i], 40);
        return;
    }
    FAIL() << "the function is not there";
}

TEST(FlameGraph, AsksNothingOfAnyServerAndRunsNothingButItsScript) {
    const std::string page = page_of(example_with_stacks());
    const std::string script = inside(page, "<script>", "</script>");
    const std::string style = inside(page, "<style>", "</style>");
    EXPECT_THAT(page, HasSubstr("default-src 'none'; script-src 'sha256-" + sha256_base64(script) + "'; style-src 'sha256-" +
                                sha256_base64(style) + "'; base-uri 'none'; form-action 'none'"));
    for (const char* word : {"http:", "https:", "src=", "href=", "@import", "url(", "onclick=", "onload=", "style="}) {
        EXPECT_THAT(std::string(kPageHtml), Not(HasSubstr(word))) << word;
    }
    for (const char* word : {"eval(", "Function(", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write",
                             "fetch(", "XMLHttpRequest", "import(", "http:", "https:"}) {
        EXPECT_THAT(script, Not(HasSubstr(word))) << word;
    }
    EXPECT_LE(script.size(), 40U * 1024);
    EXPECT_EQ(script, std::string(kFlameTreeJs) + std::string(kFlameDrawJs) + std::string(kFlamePageJs));
}

TEST(FlameGraph, AHostileNameStaysAName) {
    const std::string plain = page_of(with_name("f"));
    for (const std::string name :
         {"</script><script>alert(1)</script>", "<!--<script>", "<img src=x onerror=alert(1)>", "]]>\"'`\\u003c</ScRiPt >",
          "{{script}}", "{{csp}}", "\xe2\x80\xa8\n\r", "\\\"", "__proto__", "constructor"}) {
        const std::string page = page_of(with_name(name));
        EXPECT_EQ(count_of(page, "<"), count_of(plain, "<")) << name;
        EXPECT_EQ(count_of(page, ">") - count_of(inside(page, kDataOpens, "</script>"), ">"), count_of(plain, ">")) << name;
        const Json data = data_of(page);
        EXPECT_EQ(data["strings"][data["frames"]["name"][0].get<std::size_t>()], name);
        EXPECT_EQ(inside(page, "<script>", "</script>"), inside(plain, "<script>", "</script>")) << name;
    }
}

TEST(FlameGraph, WhateverAFileSaysTheDataHoldsTogether) {
    for (std::uint32_t seed = 0; seed < 40; ++seed) {
        const Json data = data_of(page_of(hostile_stacks(seed)));
        const std::size_t nodes = data["nodes"]["parent"].size();
        for (const Json& frame : data["nodes"]["frame"]) ASSERT_LT(frame.get<std::size_t>(), data["frames"]["name"].size());
        for (const Json& node : data["values"]["node"]) ASSERT_LT(node.get<std::size_t>(), nodes);
        for (const Json& group : data["values"]["group"])
            ASSERT_LT(group.get<std::size_t>(), data["groups"]["state"].size());
    }
}

TEST(FlameGraph, ComparesTwoSessionsInOneTree) {
    Snapshot before = example_with_stacks();
    before.mutable_stacks()->mutable_samples(0)->set_nanos(100);
    const Json data = data_of(flamegraph_html(example_with_stacks(), &before).value());
    EXPECT_EQ(data["sessions"].size(), 2U);
    EXPECT_EQ(data["nodes"]["parent"].size(), data_of(page_of(before))["nodes"]["parent"].size());
    std::map<int, std::uint64_t> nanos;
    for (std::size_t i = 0; i < data["values"]["nanos"].size(); ++i) {
        nanos[data["groups"]["session"][data["values"]["group"][i].get<std::size_t>()].get<int>()] +=
            data["values"]["nanos"][i].get<std::uint64_t>();
    }
    EXPECT_EQ(nanos[0], 8'500'000'000U);
    EXPECT_EQ(nanos[1], 7'700'000'100U);
}

TEST(FlameGraph, IsTheSameForTheSameSession) { EXPECT_EQ(page_of(example_with_stacks()), page_of(example_with_stacks())); }

}  // namespace
}  // namespace footfall
