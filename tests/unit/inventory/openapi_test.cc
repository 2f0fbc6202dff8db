#include "agent/inventory/openapi.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <map>

namespace footfall {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<Inventory> read(std::string_view text) {
    const auto document = Document::parse("shop.yaml", text);
    if (!document) return tl::unexpected(document.error());
    return read_openapi(*document);
}

std::vector<std::string> names_of(std::string_view text) {
    const auto inventory = read(text);
    EXPECT_TRUE(inventory.has_value()) << inventory.error().what;
    std::vector<std::string> names;
    if (!inventory) return names;
    for (const InventoryItem& item : inventory->items) names.push_back(item.text);
    return names;
}

Error error_of(std::string_view text) {
    const auto inventory = read(text);
    EXPECT_FALSE(inventory.has_value());
    return inventory ? Error{} : inventory.error();
}

TEST(OpenApi, EachMethodOfEachPathIsARouteWithItsLine) {
    const auto inventory = read(
        "openapi: 3.0.3\n"
        "info: {title: Shop, version: 1.0.0}\n"
        "paths:\n"
        "  /orders/{orderId}:\n"
        "    parameters: []\n"
        "    get: {responses: {}}\n"
        "    delete:\n"
        "      responses: {}\n"
        "  x-internal: {get: {}}\n"
        "  /cart:\n"
        "    summary: a cart\n"
        "    post: {}\n");
    ASSERT_TRUE(inventory.has_value()) << inventory.error().what;
    ASSERT_EQ(inventory->items.size(), 3U);
    EXPECT_EQ(inventory->items[0].text, "http GET /orders/{orderId}");
    EXPECT_EQ(inventory->items[0].place, "shop.yaml:6");
    EXPECT_EQ(inventory->items[1].text, "http DELETE /orders/{orderId}");
    EXPECT_EQ(inventory->items[1].place, "shop.yaml:7");
    EXPECT_EQ(inventory->items[2].text, "http POST /cart");
    EXPECT_EQ(inventory->items[2].place, "shop.yaml:12");
}

TEST(OpenApi, JsonIsReadWithItsLinesAndEscapes) {
    const auto inventory = read(
        "{\n \"openapi\": \"3.1.0\",\n \"info\": {\"title\": \"\\ud83d\\ude00 \\/\"},\n \"paths\": {\n"
        "  \"\\/orders\": {\n   \"get\": {}\n  }\n }\n}\n");
    ASSERT_TRUE(inventory.has_value()) << inventory.error().what;
    EXPECT_EQ(inventory->items[0].text, "http GET /orders");
    EXPECT_EQ(inventory->items[0].place, "shop.yaml:6");
}

TEST(OpenApi, RoutesAreFoundUnderThePathsOfServersAndWithoutAny) {
    const auto inventory = read(
        "openapi: 3.0.3\n"
        "servers:\n"
        "  - url: https://{host}.example.org:8443/{base}/api/\n"
        "    variables: {host: {default: a}, base: {default: v2, enum: [v1, v2]}}\n"
        "  - url: ./beta\n"
        "paths:\n"
        "  /orders: {get: {}}\n"
        "  /other:\n"
        "    servers: [{url: /own}]\n"
        "    get: {}\n"
        "    put: {servers: [{url: 'http://put.example.org'}]}\n");
    ASSERT_TRUE(inventory.has_value()) << inventory.error().what;
    EXPECT_EQ(inventory->items[0].text, "http GET /v2/api/orders");
    EXPECT_THAT(inventory->items[0].names, ElementsAre("/v2/api/orders", "/v1/api/orders", "/beta/orders", "/orders"));
    EXPECT_THAT(inventory->items[1].names, ElementsAre("/own/other", "/other"));
    EXPECT_THAT(inventory->items[2].names, ElementsAre("/other"));
}

TEST(OpenApi, SwaggerHasABasePath) {
    EXPECT_THAT(names_of("swagger: '2.0'\nbasePath: /v1/\npaths: {/orders: {get: {}}}\n"),
                ElementsAre("http GET /v1/orders"));
    EXPECT_THAT(names_of("swagger: 2.0\npaths: {/orders: {get: {}}}\n"), ElementsAre("http GET /orders"));
}

TEST(OpenApi, ReferencesWithinTheFileAreFollowed) {
    EXPECT_THAT(names_of("openapi: 3.1.0\npaths:\n  /a: {$ref: '#/components/pathItems/Shared%7Bx%7D'}\n"
                         "  /b: {$ref: '#/paths/~1a'}\ncomponents: {pathItems: {'Shared{x}': {get: {}}}}\n"),
                ElementsAre("http GET /a", "http GET /b"));
}

TEST(OpenApi, ReferencesIntoOtherFilesAreFollowed) {
    const std::map<std::string, std::string> files{{"api/paths/a.yaml", "get: {}\nput:\n  $ref: '../shared.json#/put'\n"},
                                                   {"api/shared.json", "{\"put\": {\"servers\": [{\"url\": \"/v2\"}]}}"},
                                                   {"api/broken.yaml", "\n- [\n"}};
    const ReadFile read_file = [&](const std::string& path) -> tl::expected<std::string, int> {
        const auto found = files.find(path);
        if (found == files.end()) return tl::unexpected(ENOENT);
        return found->second;
    };
    const auto read_with = [&](const std::string& text) {
        return read_openapi(*Document::parse("api/shop.yaml", "openapi: 3.0.0\npaths:\n" + text), read_file);
    };
    const auto inventory = read_with("  /a: {$ref: paths/a.yaml}\n  /b: {$ref: ./paths/a.yaml}\n");
    ASSERT_TRUE(inventory.has_value()) << inventory.error().what;
    ASSERT_EQ(inventory->items.size(), 4U);
    EXPECT_EQ(inventory->items[1].text, "http PUT /v2/a");
    EXPECT_EQ(inventory->items[1].place, "api/paths/a.yaml:2");
    EXPECT_EQ(inventory->items[2].text, "http GET /b");
    EXPECT_EQ(read_with("  /a: {$ref: gone.yaml}\n").error().what,
              "api/shop.yaml:3: cannot read api/gone.yaml: No such file or directory");
    EXPECT_THAT(read_with("  /a: {$ref: broken.yaml}\n").error().what,
                testing::StartsWith("api/broken.yaml:3: not valid YAML"));
    EXPECT_THAT(read_with("  /a: {$ref: 'https://example.org/a.yaml'}\n").error().what, HasSubstr("nothing is fetched"));
}

TEST(OpenApi, AnchorsAndMergedKeysAreFollowed) {
    EXPECT_THAT(
        names_of("openapi: 3.0.0\nx-common: &common {head: {}}\npaths:\n  /a: &a {get: {}, <<: *common}\n  /b: *a\n"),
        ElementsAre("http GET /a", "http HEAD /a", "http GET /b", "http HEAD /b"));
}

TEST(OpenApi, TemplatesOfFrameworksAreRoutesToo) {
    const auto inventory = read(
        "openapi: 3.0.0\npaths:\n  /files/{proxy+}: {get: {}}\n  '/n/{id:[0-9]{4}/?}/x': {get: {}}\n  /**: {get: {}}\n"
        "  /y/2024/list.{format}: {get: {}}\n  '/search?q={q}': {get: {}}\n");
    ASSERT_TRUE(inventory.has_value()) << inventory.error().what;
    EXPECT_EQ(inventory->items[0].names.front(), "/files/{path...}");
    EXPECT_EQ(inventory->items[1].names.front(), "/n/{id}/x");
    EXPECT_EQ(inventory->items[2].names.front(), "/{path...}");
    EXPECT_EQ(inventory->items[3].names.front(), "/y/{id}/list.{format}");
    EXPECT_EQ(inventory->items[4].names.front(), "/search");
}

TEST(OpenApi, WhatIsWrongIsToldWithTheLine) {
    EXPECT_THAT(error_of("openapi: 3.0.0\npaths:\n  orders: {get: {}}\n").what,
                testing::StartsWith("shop.yaml:3: path 'orders': a path begins with /"));
    EXPECT_THAT(error_of("openapi: 3.0.0\npaths:\n  /a/{id: {get: {}}\n").what, HasSubstr("shop.yaml:3: "));
    EXPECT_THAT(error_of("openapi: 3.0.0\npaths:\n  /a:\n    $ref: 'a.yaml#/x'\n").what,
                testing::StartsWith("shop.yaml:4: 'a.yaml#/x' is elsewhere"));
    EXPECT_THAT(error_of("openapi: 3.0.0\npaths:\n  /a:\n    $ref: '#/nowhere'\n").what,
                testing::StartsWith("shop.yaml:4: '#/nowhere' is not there"));
    EXPECT_THAT(error_of("openapi: 3.0.0\npaths:\n  /a: {$ref: '#/paths/~1a'}\n").what, HasSubstr("leads to itself"));
    EXPECT_THAT(error_of("openapi: 4.0.0\npaths: {}\n").what,
                testing::StartsWith("shop.yaml:1: version '4.0.0' is not read"));
    EXPECT_THAT(error_of("openapi: 3.0.0\ninfo: {}\n").what, HasSubstr("no paths here"));
    EXPECT_THAT(error_of("openapi: 3.0.0\npaths: {/a: {}}\n").what, HasSubstr("no path here has a method"));
    EXPECT_THAT(error_of("title: x\n").what, HasSubstr("neither 'openapi' nor 'swagger'"));
    EXPECT_THAT(error_of("openapi: 3.0.0\npaths:\n  - [\n").what, HasSubstr("not valid YAML"));
    EXPECT_THAT(error_of("{\"openapi\": \"3.0.0\",\n\"paths\": {\n,}}").what,
                testing::StartsWith("shop.yaml:3: not valid JSON"));
    EXPECT_EQ(error_of("title: x\n").exit_code, ExitCode::kBadConfig);
}

TEST(OpenApi, EndlessNestingIsRefused) {
    EXPECT_EQ(error_of("openapi: 3.0.0\npaths: " + std::string(100'000, '[')).what, "shop.yaml:2: nested too deeply");
}

TEST(OpenApi, ADocumentThatHoldsItselfEnds) {
    EXPECT_THAT(error_of("openapi: 3.0.0\npaths: &p\n  /a: *p\n").what, HasSubstr("no path here has a method"));
}

}  // namespace
}  // namespace footfall
