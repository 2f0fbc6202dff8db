// README's table of protocols is what the readers say of themselves. With FOOTFALL_UPDATE_GOLDEN set, it is written anew.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "agent/protocols/protocol_facts.h"
#include "tests/unit/support/scratch.h"

namespace footfall {
namespace {

constexpr std::string_view kBegin = "<!-- protocols: written by protocols_test -->\n";
constexpr std::string_view kEnd = "<!-- /protocols -->";

TEST(Readme, TellsOfEveryProtocolWhatItsReaderSays) {
    const std::filesystem::path path = std::filesystem::path(__FILE__).parent_path() / "../../../README.md";
    std::string readme = contents_of(path.string());
    const std::size_t begin = readme.find(kBegin);
    const std::size_t end = readme.find(kEnd);
    ASSERT_NE(begin, std::string::npos);
    ASSERT_NE(end, std::string::npos);
    const std::size_t table = begin + kBegin.size();
    if (std::getenv("FOOTFALL_UPDATE_GOLDEN") != nullptr) {
        readme.replace(table, end - table, protocol_facts_table());
        write_contents(path.string(), readme);
    } else {
        EXPECT_EQ(readme.substr(table, end - table), protocol_facts_table());
    }
}

}  // namespace
}  // namespace footfall
