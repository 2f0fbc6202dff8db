#include "agent/inventory/proto_services.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

namespace footfall {
namespace {

using testing::StartsWith;

constexpr const char* kShop =
    "// The shop.\nsyntax = \"proto3\";\npackage shop.v1;\nimport \"google/api/annotations.proto\";\n"
    "message Order { string id = 1; missing.Type elsewhere = 2; }\n"
    "service Orders {\n  rpc Place(Order) returns (Order) {\n    option (google.api.http) = { post: \"/orders\" };\n  }\n"
    "  rpc Watch(Order) returns (stream Order);\n}\n";

TEST(ProtoFile, MethodsAreThereWithoutWhatItImports) {
    const auto inventory = read_proto("shop.proto", kShop);
    ASSERT_TRUE(inventory.has_value()) << inventory.error().what;
    ASSERT_EQ(inventory->items.size(), 2U);
    EXPECT_EQ(inventory->items[0].text, "grpc shop.v1.Orders/Place");
    EXPECT_EQ(inventory->items[0].place, "shop.proto:7");
    EXPECT_EQ(inventory->items[1].text, "grpc shop.v1.Orders/Watch");
    EXPECT_EQ(inventory->items[1].place, "shop.proto:10");
}

TEST(ProtoFile, AServiceNeedsNoPackage) {
    const auto inventory = read_proto("x.proto", "syntax = \"proto3\"; service A { rpc B(C) returns (C); }");
    ASSERT_TRUE(inventory.has_value());
    EXPECT_EQ(inventory->items[0].text, "grpc A/B");
}

TEST(ProtoFile, WhatIsWrongIsToldWithTheLine) {
    const auto broken = read_proto("x.proto", "syntax = \"proto3\";\nservice A {\n  rpc B(C) returns;\n}\n");
    ASSERT_FALSE(broken.has_value());
    EXPECT_THAT(broken.error().what, StartsWith("x.proto:3: Expected"));
    EXPECT_EQ(broken.error().exit_code, ExitCode::kBadConfig);
    const auto empty = read_proto("x.proto", "syntax = \"proto3\";\nmessage A {}\n");
    ASSERT_FALSE(empty.has_value());
    EXPECT_THAT(empty.error().what, StartsWith("x.proto: no service in it"));
}

TEST(ProtoFile, EndlessNestingIsRefused) {
    std::string text = "syntax = \"proto3\";\n";
    for (int i = 0; i < 100'000; ++i) text += "message A {";
    const auto deep = read_proto("x.proto", text);
    ASSERT_FALSE(deep.has_value());
    EXPECT_EQ(deep.error().what, "x.proto:2: nested too deeply");
}

std::string descriptor_set() {
    google::protobuf::FileDescriptorSet set;
    auto& file = *set.add_file();
    file.set_name("shop/orders.proto");
    file.set_package("shop");
    auto& service = *file.add_service();
    service.set_name("Orders");
    service.add_method()->set_name("Place");
    return set.SerializeAsString();
}

TEST(DescriptorSet, HasTheMethodsOfItsFiles) {
    EXPECT_TRUE(is_descriptor_set(descriptor_set()));
    const auto inventory = read_descriptor_set("shop.pb", descriptor_set());
    ASSERT_TRUE(inventory.has_value());
    EXPECT_EQ(inventory->items[0].text, "grpc shop.Orders/Place");
    EXPECT_EQ(inventory->items[0].place, "shop.pb:shop/orders.proto");
}

TEST(DescriptorSet, ACutOneIsRefused) {
    const std::string set = descriptor_set();
    EXPECT_FALSE(read_descriptor_set("shop.pb", set.substr(0, set.size() - 1)).has_value());
    EXPECT_FALSE(is_descriptor_set(kShop));
    EXPECT_FALSE(is_descriptor_set("\n\n\n\n"));
    EXPECT_FALSE(is_descriptor_set(""));
}

}  // namespace
}  // namespace footfall
