#include "agent/inventory/sql_tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace footfall {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

std::vector<std::string> tables_of(std::string_view text) {
    const auto inventory = read_sql_tables("schema.sql", text);
    EXPECT_TRUE(inventory.has_value()) << inventory.error().what;
    std::vector<std::string> names;
    if (!inventory) return names;
    for (const InventoryItem& item : inventory->items) names.push_back(item.text + " " + item.place);
    return names;
}

// As pg_dump 15 writes them, with the line that newer ones begin with.
TEST(SqlTables, OfWhatPgDumpMakesWithItsData) {
    EXPECT_THAT(
        tables_of("--\n-- PostgreSQL database dump\n--\n\n\\restrict aB3\n\nSET statement_timeout = 0;\n"
                  "CREATE FUNCTION public.f() RETURNS int\n    LANGUAGE sql\n    AS $$ CREATE TABLE inner_one (a int); $$;\n"
                  "--\n-- Name: orders; Type: TABLE\n--\n\n"
                  "CREATE TABLE public.orders (\n    id integer NOT NULL\n);\n\n"
                  "CREATE UNLOGGED TABLE public.\"Odd Name\" (id integer);\n"
                  "COPY public.orders (id, note) FROM stdin;\n1\tit's; CREATE TABLE data (\n\\.\n\n"
                  "CREATE VIEW public.recent AS\n SELECT * FROM public.orders;\n"
                  "CREATE TABLE public.events_2024_05 (id integer);\nCREATE TABLE public.events_2024_06 (id integer);\n"
                  "CREATE INDEX i ON public.orders USING btree (id);\n\\unrestrict aB3\n"),
        ElementsAre("table public.orders schema.sql:15", "table public.Odd Name schema.sql:19",
                    "view public.recent schema.sql:24", "table public.events_{n}_{n} schema.sql:26"));
}

// As mariadb-dump writes them.
TEST(SqlTables, OfWhatMysqldumpMakes) {
    EXPECT_THAT(
        tables_of("-- MariaDB dump 10.19\n/*!40101 SET NAMES utf8 */;\nDROP TABLE IF EXISTS `orders`;\n"
                  "CREATE TABLE `orders` (\n  `id` int(11) NOT NULL DEFAULT '0'\n) ENGINE=InnoDB;\n"
                  "INSERT INTO `orders` VALUES (1,'it\\'s; CREATE TABLE x (');\n"
                  "DELIMITER ;;\nCREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW BEGIN\n"
                  "CREATE TEMPORARY TABLE scratch (a int);\nEND ;;\nDELIMITER ;\n"
                  "/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50013 DEFINER=`root`@`localhost` SQL SECURITY DEFINER */\n"
                  "/*!50001 VIEW `recent` AS SELECT 1 AS `a` */;\n"),
        ElementsAre("table orders schema.sql:4", "view recent schema.sql:13"));
}

TEST(SqlTables, TemporaryTablesAreNotOfTheSchema) {
    EXPECT_THAT(tables_of("CREATE TEMP TABLE a (x int); create table if not exists B (temp int);"),
                ElementsAre("table b schema.sql:1"));
}

TEST(SqlTables, WhatIsNoSchemaIsRefused) {
    const auto none = read_sql_tables("x.sql", "SELECT 1;");
    ASSERT_FALSE(none.has_value());
    EXPECT_EQ(none.error().what, "x.sql: no CREATE TABLE in it");
    EXPECT_EQ(none.error().exit_code, ExitCode::kBadConfig);
    const auto cut = read_sql_tables("x.sql", "CREATE TABLE a (x int);\n\nINSERT INTO a VALUES ('b\n;");
    ASSERT_FALSE(cut.has_value());
    EXPECT_THAT(cut.error().what, StartsWith("x.sql:3: a quote or comment of this statement is never closed"));
}

TEST(SqlTables, AListOfOperationsIsNoSchema) {
    EXPECT_FALSE(has_create_table("postgresql CREATE TABLE orders\nCREATE TABLE orders\n"));
    EXPECT_TRUE(has_create_table("-- x\n  create table if not exists orders(\n"));
}

}  // namespace
}  // namespace footfall
