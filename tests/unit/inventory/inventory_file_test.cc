#include "agent/inventory/inventory_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

namespace footfall {
namespace {

using Kind = InventoryFileKind;
using testing::HasSubstr;

TEST(InventoryFile, IsKnownByWhatIsInIt) {
    EXPECT_EQ(guess_kind("# ours\nopenapi: 3.0.0\npaths: {}\n"), Kind::kOpenApi);
    EXPECT_EQ(guess_kind("\"swagger\": \"2.0\"\n"), Kind::kOpenApi);
    EXPECT_EQ(guess_kind("\n {\"info\": 1}"), Kind::kOpenApi);
    EXPECT_EQ(guess_kind("// (c)\n/* x */\nsyntax = \"proto3\";\n"), Kind::kProto);
    EXPECT_EQ(guess_kind("package shop.v1;\n"), Kind::kProto);
    EXPECT_EQ(guess_kind("service Orders {\n"), Kind::kProto);
    EXPECT_EQ(guess_kind("\x7f"
                         "ELF\x02"),
              Kind::kBinary);
    EXPECT_EQ(guess_kind("-- dump\nCREATE TABLE a (\n"), Kind::kSql);
    EXPECT_EQ(guess_kind("GET /orders\nredis GET\nmongodb find orders\npostgresql CREATE TABLE a\n"), Kind::kList);
    EXPECT_EQ(guess_kind("message\n"), Kind::kList);
    EXPECT_EQ(guess_kind(""), Kind::kList);
}

TEST(InventoryFile, BytesThatAreNoTextAreNoList) {
    const auto list = parse_inventory("x", std::string_view("a\0b", 3), Kind::kList);
    ASSERT_FALSE(list.has_value());
    EXPECT_EQ(list.error().exit_code, ExitCode::kBadConfig);
}

TEST(InventoryFile, SeveralAddUpAndAPrefixSaysWhatOneIs) {
    const std::string path = testing::TempDir() + "/inventory_file_test.list";
    std::ofstream(path) << "openapi: GET\nredis GET\n";
    const auto read = read_inventory({"list:" + path, "list:" + path});
    ASSERT_TRUE(read.has_value()) << read.error().what;
    ASSERT_EQ(read->items.size(), 2U);
    EXPECT_EQ(read->items[1].place, path + ":2");
    const auto forced = read_inventory({"openapi:" + path});
    ASSERT_FALSE(forced.has_value());
    EXPECT_EQ(forced.error().exit_code, ExitCode::kBadConfig);
    std::remove(path.c_str());
    const auto gone = read_inventory({path});
    ASSERT_FALSE(gone.has_value());
    EXPECT_EQ(gone.error().exit_code, ExitCode::kNoTarget);
    EXPECT_THAT(gone.error().what, HasSubstr("No such file"));
}

}  // namespace
}  // namespace footfall
