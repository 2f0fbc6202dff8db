#include "output/session/route_fit.h"

#include <gtest/gtest.h>

namespace footfall {
namespace {

using Match = RouteFit::Match;

Match match(const char* described, const char* used, bool configured = false) {
    return fit_route(described, used, configured).match;
}

TEST(RouteFit, NamesOfPlaceholdersAndASlashAtTheEndMeanNothing) {
    EXPECT_EQ(match("/orders/{orderId}", "/orders/{id}"), Match::kYes);
    EXPECT_EQ(match("/orders/{orderId}/", "/orders/{uuid}"), Match::kYes);
    EXPECT_EQ(match("/orders", "/orders/"), Match::kYes);
    EXPECT_EQ(match("/", "/"), Match::kYes);
    EXPECT_EQ(match("/orders", "/orders/{id}"), Match::kNo);
    EXPECT_EQ(match("/orders/{id}", "/orders"), Match::kNo);
    EXPECT_EQ(match("/orders", "/carts"), Match::kNo);
}

TEST(RouteFit, AWordThatTheNamingKeptIsAValueOfThePlaceholder) {
    EXPECT_EQ(match("/users/{name}", "/users/alice"), Match::kYes);
    EXPECT_EQ(match("/report.{format}", "/report.pdf"), Match::kYes);
    EXPECT_EQ(match("/report.{format}", "/summary.pdf"), Match::kNo);
    EXPECT_EQ(match("/{id}.json", "/{id}.json"), Match::kYes);
    EXPECT_EQ(match("/{id}.json", "/{id}.xml"), Match::kNo);
}

TEST(RouteFit, AWordMayBeHiddenBehindAPlaceholderOnlyWhereThatStandsForWords) {
    EXPECT_EQ(match("/users/me", "/users/{id}"), Match::kNo);
    EXPECT_EQ(match("/users/me", "/users/{id}", true), Match::kPerhaps);
    EXPECT_EQ(match("/users/me", "/users/{value}"), Match::kPerhaps);
    EXPECT_EQ(match("/users/me", "/users/{name}", true), Match::kPerhaps);
    EXPECT_EQ(match("/style/a.css", "/style/{file}.css"), Match::kPerhaps);
    EXPECT_EQ(match("/style/a.js", "/style/{file}.css"), Match::kNo);
}

TEST(RouteFit, ARestIsAnyNumberOfSegments) {
    EXPECT_EQ(match("/files/{path...}", "/files"), Match::kYes);
    EXPECT_EQ(match("/files/{path...}", "/files/a/{id}/b"), Match::kYes);
    EXPECT_EQ(match("/files/a/b", "/files/{path...}"), Match::kPerhaps);
    EXPECT_EQ(match("/files", "/files/{path...}"), Match::kPerhaps);
    EXPECT_EQ(match("/files/{path...}", "/other"), Match::kNo);
}

TEST(RouteFit, FixedTextIsCloserThanAPlaceholder) {
    const auto closeness = [](const char* described) { return fit_route(described, "/users/me/x", false).closeness; };
    EXPECT_GT(closeness("/users/me/x"), closeness("/users/{id}/x"));
    EXPECT_GT(closeness("/users/{id}/x"), closeness("/{any}/me/x"));
    EXPECT_GT(closeness("/users/m{rest}/x"), closeness("/users/{id}/x"));
}

}  // namespace
}  // namespace footfall
