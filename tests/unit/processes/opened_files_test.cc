#include "agent/processes/opened_files.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

namespace footfall {
namespace {

using namespace std::string_view_literals;

TEST(OpenedPath, LeadsFromTheRootToTheFile) {
    EXPECT_EQ(opened_path("shop.yaml\0etc\0"sv, false), "/etc/shop.yaml");
    EXPECT_EQ(opened_path("passwd\0"sv, false), "/passwd");
    EXPECT_EQ(opened_path(""sv, false), "/");
}

TEST(OpenedPath, OfAnAttemptIsWhatWasAskedForFromItsFolder) {
    EXPECT_EQ(opened_path("/etc/shop.yaml\0"sv, false), "/etc/shop.yaml");
    EXPECT_EQ(opened_path("../conf.d//shop.yaml\0shop\0etc\0"sv, false), "/etc/conf.d/shop.yaml");
    EXPECT_EQ(opened_path("./shop.yaml\0shop\0"sv, false), "/shop/shop.yaml");
}

TEST(OpenedPath, SaysThatItIsCut) {
    EXPECT_EQ(opened_path("shop.yaml\0etc\0"sv, true), "…/etc/shop.yaml");
    EXPECT_EQ(opened_path("\0"sv, true), "…/");
    EXPECT_EQ(opened_path("unended"sv, true), "…/unended");
}

class OpenedFilesTest : public testing::Test {
protected:
    void open(std::string_view names, std::uint32_t flags = O_RDONLY, std::uint32_t error = 0) {
        files.on_opened(
            {.time = {5}, .pid = Pid{7}, .tid = Tid{8}, .uid = Uid{33}, .flags = flags, .error = error, .names = names});
    }

    std::vector<std::string> seen;
    OpenedFiles files{{"/etc/*", "/srv/*.json"}, [this](const Exchange& exchange, Uid uid) {
                          EXPECT_EQ(exchange.kind, Kind::kFile);
                          EXPECT_EQ(exchange.begin, exchange.end);
                          EXPECT_EQ(uid, Uid{33});
                          seen.push_back(std::string(exchange.method) + " " + std::string(exchange.target) +
                                         (exchange.error_type.empty() ? "" : " " + std::string(exchange.error_type)));
                      }};
};

TEST_F(OpenedFilesTest, AreReadUnlessTheyMayBeWritten) {
    open("a\0etc\0"sv);
    open("a\0etc\0"sv, O_WRONLY | O_CREAT);
    open("a\0etc\0"sv, O_RDWR);
    EXPECT_EQ(seen, (std::vector<std::string>{"READ /etc/a", "WRITE /etc/a", "WRITE /etc/a"}));
}

TEST_F(OpenedFilesTest, CountWhereAGlobMeansThem) {
    open("a\0home\0"sv);
    open("a.json\0deep\0srv\0"sv);
    open("a.yaml\0srv\0"sv);
    EXPECT_EQ(seen, std::vector<std::string>{"READ /srv/deep/a.json"});
}

TEST_F(OpenedFilesTest, HaveTheNameOfTheErrorThatTheirOpeningFailedWith) {
    open("/etc/a\0"sv, O_RDONLY, ENOENT);
    open("/etc/a\0"sv, O_RDONLY, 4000);
    EXPECT_EQ(seen, (std::vector<std::string>{"READ /etc/a ENOENT", "READ /etc/a errno 4000"}));
}

}  // namespace
}  // namespace footfall
