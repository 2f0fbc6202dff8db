#include "agent/usage/namer.h"

#include <gtest/gtest.h>

#include "tests/unit/usage/usage_world.h"

namespace footfall {
namespace {

std::vector<RoutePattern> patterns(std::initializer_list<const char*> texts) {
    std::vector<RoutePattern> parsed;
    for (const char* text : texts) parsed.push_back(parse_route_pattern(text).value());
    return parsed;
}

std::string words(int i) {
    return {static_cast<char>('g' + i / 400 % 20), static_cast<char>('g' + i / 20 % 20), static_cast<char>('g' + i % 20)};
}

TEST(Namer, AUseCarriesWhatTheExchangeWas) {
    UsageWorld world;
    const Exchange served = exchange("GET", "/orders/42?token=secret", 500);
    const Peer peer = private_peer(7);
    const Use use = world.namer.name(served, &peer);
    EXPECT_EQ(world.services.name(use.service), "shop");
    EXPECT_EQ(world.names.name_of(use.operation).text, "GET /orders/{id}");
    EXPECT_EQ(world.consumers.text(use.consumer), "10.0.0.7");
    EXPECT_EQ(use.role, Role::kServer);
    EXPECT_EQ(use.outcome, Outcome::kError);
    EXPECT_EQ(use.status, 500);
    EXPECT_EQ(use.error_type, "500");
    EXPECT_EQ(use.begin, served.begin);
    EXPECT_EQ(use.first_byte, served.first_byte);
    EXPECT_EQ(use.end, served.end);
    EXPECT_EQ(use.bytes_in, 100U);
    EXPECT_EQ(use.bytes_out, 1000U);
}

TEST(Namer, QueriesMakeNoDifference) {
    UsageWorld world;
    EXPECT_EQ(world.name(exchange("GET", "/search?q=1")).operation, world.name(exchange("GET", "/search?q=2")).operation);
    EXPECT_EQ(world.operation(exchange("GET", "/search?q=3")), "GET /search");
}

TEST(Namer, MethodsOutsideTheStandardSetShareOneName) {
    UsageWorld world;
    EXPECT_EQ(world.operation(exchange("BREW", "/pot")), "_OTHER /pot");
    EXPECT_EQ(world.name(exchange("BREW", "/pot")).operation, world.name(exchange("get", "/pot")).operation);
}

TEST(Namer, MethodsServicesAndRolesDoNotMixInTheCache) {
    UsageWorld world;
    Exchange called = exchange("GET", "/a");
    called.role = Role::kClient;
    Exchange mailed = exchange("GET", "/a");
    mailed.pid = Pid{2};
    for (int again = 0; again < 2; ++again) {
        EXPECT_EQ(world.operation(exchange("GET", "/a")), "GET /a");
        EXPECT_EQ(world.operation(exchange("PUT", "/a")), "PUT /a");
        EXPECT_EQ(world.names.name_of(world.name(called).operation).scope.role, Role::kClient);
        EXPECT_EQ(world.services.name(world.names.name_of(world.name(mailed).operation).scope.service), "mail");
    }
    EXPECT_EQ(world.names.operation_count(), 4U);
}

TEST(Namer, AUsersPatternWinsOverTheHeuristicAndTheServicesOverTheGeneral) {
    NamingRules rules;
    rules.routes = patterns({"/users/{name}", "/{all...}"});
    rules.by_service.push_back({"sh*", patterns({"/users/{login}"})});
    UsageWorld world(std::move(rules));
    EXPECT_EQ(world.operation(exchange("GET", "/users/jo")), "GET /users/{login}");
    EXPECT_EQ(world.operation(exchange("GET", "/orders/42")), "GET /{all...}");
    Exchange mailed = exchange("GET", "/users/jo");
    mailed.pid = Pid{2};
    EXPECT_EQ(world.operation(mailed), "GET /users/{name}");
}

TEST(Namer, ARouteThatIsKnownKeepsItsNameWhenItIsRefused) {
    UsageWorld world;
    const OperationId known = world.name(exchange("GET", "/orders/1")).operation;
    EXPECT_EQ(world.name(exchange("GET", "/orders/1", 404)).operation, known);
    EXPECT_EQ(world.name(exchange("GET", "/orders/2", 404)).operation, known);
}

TEST(Namer, AFewRefusedRoutesAreNamedAsInTheAccessLog) {
    UsageWorld world;
    EXPECT_EQ(world.operation(exchange("GET", "/missing", 404)), "GET /missing");
    EXPECT_EQ(world.operation(exchange("POST", "/orders", 405)), "POST /orders");
    EXPECT_EQ(world.operation(exchange("GET", "/orders/9", 404)), "GET /orders/{id}");
}

TEST(Namer, AScannerDoesNotSpoilTheNamesOfRealRoutes) {
    UsageWorld world;
    for (int i = 0; i < 5000; ++i) {
        static_cast<void>(world.name(exchange("GET", "/" + words(i) + ".php", 404)));
        static_cast<void>(world.name(exchange("POST", "/admin/" + words(i), 404)));
    }
    EXPECT_EQ(world.operation(exchange("GET", "/zzz.php", 404)), "GET {unmatched}");
    EXPECT_LE(world.names.operation_count(), 22U);
    EXPECT_EQ(world.operation(exchange("GET", "/orders")), "GET /orders");
    EXPECT_EQ(world.operation(exchange("GET", "/orders", 404)), "GET /orders");
}

TEST(Namer, APathThatWasRefusedIsNamedOnceItIsServed) {
    UsageWorld world({}, 10);
    static_cast<void>(world.name(exchange("GET", "/first", 404)));
    EXPECT_EQ(world.operation(exchange("GET", "/late", 404)), "GET {unmatched}");
    EXPECT_EQ(world.operation(exchange("GET", "/late", 200)), "GET /late");
    EXPECT_EQ(world.operation(exchange("GET", "/late", 404)), "GET /late");
}

TEST(Namer, WhatAClientAsksForInVainIsNamed) {
    UsageWorld world;
    Exchange called = exchange("GET", "/missing", 404);
    called.role = Role::kClient;
    for (int i = 0; i < 50; ++i) {
        const std::string path = "/m/" + words(i);
        called.target = path;
        EXPECT_EQ(world.operation(called), "GET " + path);
    }
}

TEST(Namer, PastTheLimitOperationsAreOther) {
    UsageWorld world({}, 10);
    for (int i = 0; i < 8; ++i) EXPECT_EQ(world.operation(exchange("GET", "/" + words(i))), "GET /" + words(i));
    EXPECT_EQ(world.operation(exchange("GET", "/" + words(8))), "GET /{value}") << "a quarter is left for placeholders";
    for (const char* method : {"PUT", "POST"}) static_cast<void>(world.name(exchange(method, "/ggg")));
    EXPECT_EQ(world.operation(exchange("DELETE", "/ggg")), "other");
    EXPECT_EQ(world.operation(exchange("GET", "/ggg")), "GET /ggg");
}

TEST(Namer, NamesStayTheSameAfterTheCacheHasForgottenThem) {
    UsageWorld world;
    const OperationId first = world.name(exchange("GET", "/orders")).operation;
    for (int i = 0; i < 100'000; ++i) static_cast<void>(world.name(exchange("GET", "/n/" + std::to_string(i))));
    EXPECT_EQ(world.name(exchange("GET", "/orders")).operation, first);
    EXPECT_EQ(world.names.operation_count(), 2U);
}

TEST(Namer, OnlyAServersUseHasAConsumer) {
    UsageWorld world;
    const Peer peer = private_peer(7);
    Exchange called = exchange("GET", "/a");
    EXPECT_NE(world.namer.name(called, &peer).consumer, 0U);
    EXPECT_EQ(world.namer.name(called, nullptr).consumer, 0U);
    called.role = Role::kClient;
    EXPECT_EQ(world.namer.name(called, &peer).consumer, 0U);
}

TEST(Namer, WhatABodyCallsIsAnOperationOfItsOwn) {
    UsageWorld world;
    Exchange called = exchange("POST", "/graphql?v=1");
    called.call = "query Orders";
    EXPECT_EQ(world.operation(called), "POST /graphql query Orders");
    EXPECT_EQ(world.operation(exchange("POST", "/graphql")), "POST /graphql");
    called.call = "query Users";
    EXPECT_EQ(world.operation(called), "POST /graphql query Users");
}

TEST(Namer, CallsThatAreMadeUpEndInOther) {
    UsageWorld world({.routes = patterns({"POST /graphql"}), .by_service = {}}, 8);
    Exchange called = exchange("POST", "/graphql");
    for (int i = 0; i < 20; ++i) {
        const std::string call = "query Q" + std::to_string(i);
        called.call = call;
        EXPECT_EQ(world.operation(called), i < 8 ? "POST /graphql " + call : "other");
    }
}

TEST(Namer, MostKindsAreNamedAsTheirReadersSay) {
    UsageWorld world;
    Exchange told = exchange("SELECT", "orders", 0);
    told.kind = Kind::kPostgresql;
    EXPECT_EQ(world.operation(told), "SELECT orders");
    EXPECT_EQ(world.operation(told), "SELECT orders") << "and the same when it comes again";
    told.method = "SELECT 1";
    told.target = {};
    EXPECT_EQ(world.operation(told), "SELECT 1") << "without a target";
    told.method = {};
    told.target = "shop.Orders/Place";
    told.kind = Kind::kGrpc;
    EXPECT_EQ(world.operation(told), "shop.Orders/Place") << "without a method";
}

TEST(Namer, KindsKeepNamesOfTheirOwn) {
    UsageWorld world;
    Exchange told = exchange("GET", "", 0);
    told.kind = Kind::kRedis;
    const OperationId redis = world.name(told).operation;
    told.kind = Kind::kMemcached;
    EXPECT_NE(world.name(told).operation, redis);
}

}  // namespace
}  // namespace footfall
