#include "agent/usage/names.h"

#include <gtest/gtest.h>

namespace footfall {
namespace {

using Origin = Names::Origin;

constexpr ServiceId kShop{0};
constexpr ServiceId kMail{1};

OperationScope scope_of(ServiceId service, Role role = Role::kServer) { return {service, role, Kind::kHttp}; }

std::string route(int i) { return "/r" + std::to_string(i); }

std::string text_of(Names& names, const OperationScope& scope, const std::string& route, Origin origin = Origin::kSeen) {
    return names.name_of(names.operation(scope, {"GET", route, {}}, origin)).text;
}

TEST(Names, AnOperationIsItsMethodAndRouteWithinServiceAndRole) {
    Names names;
    const OperationId get = names.operation(scope_of(kShop), {"GET", "/orders/{id}", {}}, Origin::kSeen);
    EXPECT_EQ(names.operation(scope_of(kShop), {"GET", "/orders/{id}", {}}, Origin::kSeen), get);
    EXPECT_NE(names.operation(scope_of(kShop), {"PUT", "/orders/{id}", {}}, Origin::kSeen), get);
    EXPECT_NE(names.operation(scope_of(kShop, Role::kClient), {"GET", "/orders/{id}", {}}, Origin::kSeen), get);
    EXPECT_NE(names.operation(scope_of(kMail), {"GET", "/orders/{id}", {}}, Origin::kSeen), get);
    EXPECT_EQ(names.name_of(get).text, "GET /orders/{id}");
    EXPECT_EQ(names.name_of(get).method, "GET");
    EXPECT_EQ(names.name_of(get).route, "/orders/{id}");
}

TEST(Names, PastTheLimitEverythingNewIsOtherAndTheOldKeepsItsName) {
    Names names(3);
    const OperationScope scope = scope_of(kShop);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(text_of(names, scope, route(i)), "GET " + route(i));
    EXPECT_EQ(text_of(names, scope, route(3)), "other");
    EXPECT_EQ(text_of(names, scope, route(1)), "GET /r1");
    EXPECT_EQ(text_of(names, scope_of(scope.service, Role::kClient), route(3)), "GET /r3") << "another role, another limit";
    const OperationName& other = names.name_of(names.operation(scope, {"GET", route(9), {}}, Origin::kSeen));
    EXPECT_EQ(other.method, "");
    EXPECT_EQ(other.route, "");
}

TEST(Names, ConfiguredRoutesAreNeverFolded) {
    Names names(1);
    const OperationScope scope = scope_of(kShop);
    EXPECT_EQ(text_of(names, scope, "/seen"), "GET /seen");
    EXPECT_EQ(text_of(names, scope, "/configured", Origin::kConfigured), "GET /configured");
    EXPECT_TRUE(names.name_of(names.operation(scope, {"GET", "/configured", {}}, Origin::kSeen)).configured);
    EXPECT_FALSE(names.name_of(names.operation(scope, {"GET", route(0), {}}, Origin::kSeen)).configured);
}

TEST(Names, RefusedRoutesTakeATenthOfThePlaces) {
    Names names(30);
    const OperationScope scope = scope_of(kShop);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(text_of(names, scope, route(i), Origin::kRefused), "GET " + route(i));
    EXPECT_EQ(text_of(names, scope, route(3), Origin::kRefused), "GET {unmatched}");
    EXPECT_EQ(text_of(names, scope, route(4), Origin::kRefused), "GET {unmatched}");
    EXPECT_EQ(text_of(names, scope, route(3)), "GET /r3") << "it exists after all";
    EXPECT_EQ(text_of(names, scope, route(3), Origin::kRefused), "GET /r3");
}

TEST(Names, AllServicesTogetherAreBounded) {
    Names names;
    for (std::uint32_t service = 0; service < 50; ++service) {
        const OperationScope scope = scope_of(ServiceId{service});
        for (int i = 0; i < 200; ++i) static_cast<void>(names.operation(scope, {"GET", route(i), {}}, Origin::kSeen));
    }
    EXPECT_LE(names.operation_count(), Names::kMaxOperations + 50);
}

}  // namespace
}  // namespace footfall
