#include "agent/usage/route_heuristic.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace footfall {
namespace {

constexpr std::uint32_t kNames = 150;

std::string route_of(RouteHeuristic& heuristic, std::string_view path,
                     RouteHeuristic::Learning learning = RouteHeuristic::Learning::kLearn) {
    return std::string(heuristic.route_of(path, learning));
}

std::string fresh_route(std::string_view path) {
    RouteHeuristic heuristic(kNames);
    return route_of(heuristic, path);
}

// A different word for each number below 26².
std::string letters(int i) { return {static_cast<char>('a' + i / 26), static_cast<char>('a' + i % 26)}; }

void expect_unchanged(std::initializer_list<const char*> paths) {
    for (const char* path : paths) EXPECT_EQ(fresh_route(path), path);
}

void expect_routes(std::initializer_list<std::pair<const char*, const char*>> cases) {
    for (const auto& [path, route] : cases) EXPECT_EQ(fresh_route(path), route) << path;
}

TEST(PathOf, QueriesAndFragmentsAreNeverKept) {
    EXPECT_EQ(path_of("/search?q=secret"), "/search");
    EXPECT_EQ(path_of("/search#secret"), "/search");
    EXPECT_EQ(path_of("/?q=http://secret/"), "/");
    EXPECT_EQ(path_of("?q=secret"), "/");
}

TEST(PathOf, AbsoluteTargetsLoseSchemeAndHost) {
    EXPECT_EQ(path_of("http://example.com/orders/1?x=1"), "/orders/1");
    EXPECT_EQ(path_of("https://user:secret@example.com:8443/a"), "/a");
    EXPECT_EQ(path_of("http://example.com"), "/");
    EXPECT_EQ(path_of("http://example.com?x=1"), "/");
    EXPECT_EQ(path_of("/proxy/http://example.com/a"), "/proxy/http://example.com/a");
}

TEST(PathOf, StarAndNothingAndRubbishHaveNamesToo) {
    EXPECT_EQ(path_of("*"), "*");
    EXPECT_EQ(path_of(""), "/");
    EXPECT_EQ(path_of("example.com:443"), "{value}");
    EXPECT_EQ(path_of("../../etc/passwd"), "{value}");
}

TEST(RouteHeuristic, NamesStayReadable) {
    expect_unchanged({"/",
                      "/orders",
                      "/orders/",
                      "/a//b",
                      "/api/v1/users",
                      "/apis/apps/v1beta1/deployments",
                      "/api/2.0/users",
                      "/getUserById",
                      "/OAuth2TokenV2Exchange",
                      "/SQLGetEnvAttrNum",
                      "/TestMaxPathLenNotCA",
                      "/getHttpsURLForXhrV2",
                      "/web-worker-lengthsV2",
                      "/rhythm-and-catchphrase",
                      "/iPhone15Pro",
                      "/parseUTF8Text",
                      "/getS3BucketById",
                      "/S3Bucket2Go",
                      "/users:batchGet",
                      "/@babel/core",
                      "/.well-known/openid-configuration",
                      "/robots.txt",
                      "/favicon.ico",
                      "/a_b-c.d~e",
                      "/hello%20world",
                      "/b2b",
                      "/face2face",
                      "/utf-8",
                      "/logo-2x",
                      "/icon-192x192.png",
                      "/jquery-3.6.0.min.js",
                      "/decade",
                      "/cafe",
                      "/how-to-install-an-operating-system",
                      "/wp-content/themes/twentytwentyfour/style.css",
                      "/x/../y"});
}

TEST(RouteHeuristic, NamesThatOthersGroupWronglyStayReadable) {
    expect_unchanged({"/api/hello.world",                 // grafana/beyla#1849: was /api/*
                      "/v1/k6-test-runs", "/v1/metrics",  // grafana/beyla#428
                      "/open-telemetry/opentelemetry-ebpf-instrumentation/hooks"});
}

TEST(RouteHeuristic, PlaceholdersHoldNoStar) {
    // grafana/beyla#1410: a * in a route is an operator in a PromQL matcher.
    for (const char* path : {"/a/1/b/2", "/a/jo@example.org", "/a/9f8a7c6b9f8a7c6b"}) {
        EXPECT_EQ(fresh_route(path).find('*'), std::string::npos);
    }
}

TEST(RouteHeuristic, NumbersAreIds) {
    expect_routes({{"/orders/1042", "/orders/{id}"},
                   {"/orders/1042/items/7", "/orders/{id}/items/{id}"},
                   {"/orders/0", "/orders/{id}"},
                   {"/orders/-1", "/orders/{id}"},
                   {"/2024/01/15/my-post", "/{id}/{id}/{id}/my-post"}});
}

TEST(RouteHeuristic, UuidsHashesAndTokensAreTold) {
    expect_routes({{"/u/123e4567-e89b-12d3-a456-426614174000", "/u/{uuid}"},
                   {"/u/123E4567-E89B-12D3-A456-426614174000/x", "/u/{uuid}/x"},
                   {"/c/da39a3ee5e6b4b0d3255bfef95601890afd80709", "/c/{hash}"},
                   {"/c/9f8a7c6b", "/c/{hash}"},
                   {"/c/0x52908400098527886E0F7030069857D2E4169EE7", "/c/{hash}"},
                   {"/c/cus_9s6XKzkNRiz8i3", "/c/{hash}"},
                   {"/watch/dQw4w9WgXcQ", "/watch/{hash}"},
                   {"/c/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/c/{hash}"},
                   {"/c/QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "/c/{hash}"},
                   {"/v2/nginx/blobs/sha256:da39a3ee5e6b4b0d3255bfef95601890", "/v2/nginx/blobs/sha256:{hash}"},
                   {"/graph/user:42", "/graph/user:{id}"},
                   {"/s/tokSECRET5fecbcfbb050acab1a6b", "/s/{hash}"},
                   {"/s/aQxTbRkWmZpLvNcYdGhJ", "/s/{hash}"},
                   {"/s/sess_9f8a7c6b5d4e3f2a1b0c9d8e", "/s/sess_{hash}"},
                   {"/s/reset-token-ab12cd34ef56ab78", "/s/reset-token-{hash}"},
                   {"/u/user-123e4567-e89b-12d3-a456-426614174000", "/u/user-{uuid}"}});
}

TEST(RouteHeuristic, DatesAreTold) {
    expect_routes({{"/r/2024-01-15", "/r/{date}"},
                   {"/r/2024-01", "/r/{date}"},
                   {"/r/2024.01.15", "/r/{date}"},
                   {"/r/2024-01-15T10:00:00Z", "/r/{date}"},
                   {"/r/2024-01-15T10%3A00%3A00Z", "/r/{date}"},
                   {"/r/2024-01-15.log", "/r/{date}.log"}});
}

TEST(RouteHeuristic, OtherValuesAreValues) {
    expect_routes({{"/u/jo@example.org", "/u/{value}"},
                   {"/u/jo%40example.org", "/u/{value}"},
                   {"/s/%D0%B0%D0%B1%D0%B2", "/s/{value}"},
                   {"/h/10.0.0.7", "/h/{value}"},
                   {"/g/52.5200,13.4050", "/g/{value}"},
                   {"/r/2024-13-45", "/r/{value}"},
                   {"/x/${jndi:ldap:", "/x/{value}"},
                   {"/x/{id}", "/x/{value}"}});
    EXPECT_EQ(fresh_route("/x/" + std::string(65, 'g')), "/x/{value}");
    EXPECT_EQ(fresh_route("/x/" + std::string(64, 'g')), "/x/" + std::string(64, 'g'));
}

TEST(RouteHeuristic, FilesKeepTheirNamesWithoutTheirHashes) {
    expect_routes({{"/static/app.9f8a7c6b.js", "/static/app.{hash}.js"},
                   {"/static/main.3f2a1b.chunk.css", "/static/main.{hash}.chunk.css"},
                   {"/assets/index-BxYz12Qa.js", "/assets/index-{hash}.js"},
                   {"/assets/index-9f8a7c6b.js", "/assets/index-{hash}.js"},
                   {"/img/17.jpg", "/img/{id}.jpg"},
                   {"/img/123e4567-e89b-12d3-a456-426614174000.png", "/img/{uuid}.png"}});
}

TEST(RouteHeuristic, PathParametersAreLeftOut) { EXPECT_EQ(fresh_route("/cart;jsessionid=9F8A7C6B/items"), "/cart/items"); }

TEST(RouteHeuristic, BytesThatCannotBePrintedAreReplaced) {
    EXPECT_EQ(fresh_route("/a\x01\x7f\xff/b\n"), "/a___/b_");
    EXPECT_EQ(fresh_route(std::string_view("/a\0b", 4)), "/a_b");
}

TEST(RouteHeuristic, RandomTokensAreRecognizedAsAFewWordsAreNot) {
    static constexpr std::string_view kBase62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    std::mt19937 random(5);
    const auto share_told = [&](std::size_t alphabet, std::size_t length) {
        int told = 0;
        for (int i = 0; i < 1000; ++i) {
            std::string path = "/";
            while (path.size() <= length) path += kBase62[random() % alphabet];
            told += fresh_route(path) == "/{hash}";
        }
        return told / 1000.0;
    };
    EXPECT_GT(share_told(62, 22), 0.93);
    EXPECT_GT(share_told(62, 32), 0.97);
    EXPECT_GT(share_told(36, 26), 0.9);
}

TEST(RouteHeuristic, APositionKeepsItsFirstNamesAndFoldsFurtherOnes) {
    RouteHeuristic heuristic(kNames);
    const auto name = [](int i) { return "/users/user-" + letters(i); };
    for (int i = 0; i < 64; ++i) EXPECT_EQ(route_of(heuristic, name(i)), name(i));
    EXPECT_EQ(route_of(heuristic, name(64)), "/users/{value}");
    EXPECT_EQ(route_of(heuristic, name(65) + "/posts"), "/users/{value}/posts");
    EXPECT_EQ(route_of(heuristic, name(3)), name(3)) << "a name that was given stays";
    EXPECT_EQ(route_of(heuristic, name(3) + "/posts"), name(3) + "/posts");
    EXPECT_EQ(route_of(heuristic, "/users/42"), "/users/{id}");
    EXPECT_EQ(route_of(heuristic, "/orders"), "/orders") << "other positions are not touched";
}

TEST(RouteHeuristic, FurtherFilesKeepTheirKind) {
    RouteHeuristic heuristic(kNames);
    for (int i = 0; i < 64; ++i) route_of(heuristic, "/static/page" + letters(i) + ".css");
    EXPECT_EQ(route_of(heuristic, "/static/new.css"), "/static/{file}.css");
    EXPECT_EQ(route_of(heuristic, "/static/new.strange"), "/static/{value}") << "a client can't make names with extensions";
}

TEST(RouteHeuristic, PathsLikeGithubsStopGrowing) {
    RouteHeuristic heuristic(kNames);
    std::set<std::string> routes;
    std::mt19937 random(9);
    const auto word = [&] {
        std::string text;
        while (text.size() < 8) text += static_cast<char>('g' + random() % 16);
        return text;
    };
    for (int i = 0; i < 20'000; ++i) routes.insert(route_of(heuristic, "/" + word() + "/" + word() + "/hooks"));
    EXPECT_LT(routes.size(), 150U);
    EXPECT_EQ(route_of(heuristic, "/someone/something/hooks"), "/{value}/{value}/{value}");
}

TEST(RouteHeuristic, LookingTakesNoPlaces) {
    RouteHeuristic heuristic(kNames);
    for (int i = 0; i < 500; ++i) {
        route_of(heuristic, "/scan-" + letters(i), RouteHeuristic::Learning::kLook);
    }
    EXPECT_EQ(route_of(heuristic, "/orders"), "/orders");
}

TEST(RouteHeuristic, RoutesAreBoundedWhateverComes) {
    RouteHeuristic heuristic(kNames);
    std::mt19937_64 random(11);
    std::set<std::string> routes;
    for (int i = 0; i < 20'000; ++i) {
        std::string path = "/";
        const std::size_t length = random() % 2000;
        while (path.size() < length) path += static_cast<char>(random() % 8 == 0 ? '/' : random());
        const std::string route = route_of(heuristic, path_of(path));
        ASSERT_LE(route.size(), RouteHeuristic::kLongestRoute);
        for (const char c : route) ASSERT_TRUE(c > ' ' && c <= '~');
    }
    EXPECT_EQ(fresh_route(std::string(100'000, '/')),
              "////////////////"
              "/{path...}");
    std::string deep;
    for (int i = 0; i < 40; ++i) deep += "/abcdefgh";
    EXPECT_TRUE(fresh_route(deep).ends_with("/abcdefgh/{path...}"));
}

}  // namespace
}  // namespace footfall
