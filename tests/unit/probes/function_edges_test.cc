#include <gtest/gtest.h>

#include <vector>

#include "agent/probes/function_probe.h"
#include "bpf/contract/function_probe.h"

namespace footfall {
namespace {

CodeFunction function_at(std::uint64_t site, std::vector<FunctionExit> exits) {
    CodeFunction function;
    function.file_offset = site;
    function.site.pushed = 24;
    function.exits = std::move(exits);
    return function;
}

TEST(FunctionEdges, EndsComeBeforeBegins) {
    const std::vector<CodeFunction> functions{
        function_at(0x10, {{0x20, SiteClass::kStepped, {}, kAlways}, {0x30, SiteClass::kBranch, {true, -16}, 5}}),
        function_at(0x40, {{0x50, SiteClass::kStepped, {}, kAlways}})};
    const std::vector<UprobePlace> places = edges_of(functions);
    std::vector<std::uint64_t> offsets;
    for (const UprobePlace& place : places) offsets.push_back(place.file_offset);
    EXPECT_EQ(offsets, (std::vector<std::uint64_t>{0x20, 0x30, 0x50, 0x10, 0x40}));
    const std::uint64_t end = places[1].cookie;
    EXPECT_EQ(FF_FUNCTION_OF(end), 0U);
    EXPECT_EQ(end & (FF_EDGE_BEGINS | FF_EDGE_ENDS | FF_EDGE_FROM_FRAME), FF_EDGE_ENDS | FF_EDGE_FROM_FRAME);
    EXPECT_EQ(FF_EDGE_CONDITION(end), 5U);
    EXPECT_EQ(FF_EDGE_PLACE(end), -16);
    const std::uint64_t begin = places[4].cookie;
    EXPECT_EQ(FF_FUNCTION_OF(begin), 1U);
    EXPECT_EQ(begin & (FF_EDGE_BEGINS | FF_EDGE_ENDS | FF_EDGE_NOT_TIMED), FF_EDGE_BEGINS);
    EXPECT_EQ(FF_EDGE_PLACE(begin), 24);
}

TEST(FunctionEdges, OfOneJumpAreOnePlace) {
    const std::vector<CodeFunction> functions{function_at(0x10, {{0x10, SiteClass::kBranch, {}, 4}})};
    const std::vector<UprobePlace> places = edges_of(functions);
    ASSERT_EQ(places.size(), 1U);
    EXPECT_EQ(places[0].cookie & (FF_EDGE_BEGINS | FF_EDGE_ENDS), FF_EDGE_BEGINS | FF_EDGE_ENDS);
    EXPECT_EQ(FF_EDGE_CONDITION(places[0].cookie), 4U);
}

TEST(FunctionEdges, OfFunctionsThatCannotBeTimedAreWhereTheyBegin) {
    std::vector<CodeFunction> functions{function_at(0x10, {}), function_at(0x20, {})};
    functions[1].no_site = NoSite::kIndirect;
    const std::vector<UprobePlace> places = edges_of(functions);
    ASSERT_EQ(places.size(), 1U);
    EXPECT_NE(places[0].cookie & FF_EDGE_NOT_TIMED, 0U);
}

}  // namespace
}  // namespace footfall
