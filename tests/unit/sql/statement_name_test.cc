#include "agent/protocols/sql/statement_name.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace footfall::sql {
namespace {

std::string named(std::string_view text, Dialect dialect = Dialect::kStandard, bool truncated = false) {
    std::string buffer;
    const StatementName name = name_statement(text, dialect, buffer, truncated);
    return std::string(name.operation) + (name.collection.empty() ? "" : " ") + std::string(name.collection);
}
std::string mysql(std::string_view text) { return named(text, Dialect::kMysql); }
std::string cut(std::string_view text) { return named(text, Dialect::kStandard, true); }

std::vector<std::string> split(std::string_view text, Dialect dialect = Dialect::kStandard) {
    std::vector<std::string> statements;
    for (std::string_view each = next_statement(text, dialect); !each.empty(); each = next_statement(text, dialect)) {
        statements.emplace_back(each);
    }
    return statements;
}

TEST(StatementName, WhatIsNoStatementIsNoneOfThem) {
    for (const std::string_view text :
         {"", " ", ";", "hello", "/* x */", "-- x", "42", "'SELECT 1'", "\"select\" 1", "{", "\x80\xff"}) {
        EXPECT_EQ(named(text), "_OTHER") << text;
    }
}

TEST(StatementName, PartitionsShareOneName) {
    EXPECT_EQ(named("SELECT * FROM events_2024_05"), "SELECT events_{n}_{n}");
    EXPECT_EQ(named("SELECT * FROM part_7"), "SELECT part_7");
    EXPECT_EQ(named("SELECT * FROM \"20240501\""), "SELECT {n}");
}

TEST(StatementName, ALongNameIsCutBetweenCharacters) {
    EXPECT_EQ(named("SELECT * FROM " + std::string(300, 'a')), "SELECT " + std::string(64, 'a'));
    EXPECT_EQ(named("SELECT * FROM " + std::string(63, 'a') + "\u00fc"), "SELECT " + std::string(63, 'a'));
}

TEST(StatementName, AQuotedNameHoldsWhatItHolds) {
    EXPECT_EQ(named(R"(SELECT * FROM "a ""b"" c")"), R"(SELECT a "b" c)");
    EXPECT_EQ(named("SELECT * FROM \"a\nb\""), "SELECT a?b");
    EXPECT_EQ(named("SELECT * FROM \"A.B\".c"), "SELECT A.B.c");
}

TEST(StatementName, ANameWithEscapesIsUnknownRatherThanWrong) {
    EXPECT_EQ(named(R"(SELECT * FROM U&"plain")"), "SELECT plain");
    EXPECT_EQ(named(R"(SELECT * FROM U&"d\0061ta")"), "SELECT");
    EXPECT_EQ(named(R"(SELECT * FROM U&"d!0061ta" UESCAPE '!')"), "SELECT");
}

TEST(StatementName, LiteralsAreNeverNames) {
    EXPECT_EQ(named("SELECT * FROM 'secret'"), "SELECT");
    EXPECT_EQ(named("SELECT * FROM $1"), "SELECT");
    EXPECT_EQ(named("SELECT * FROM 4711"), "SELECT");
    EXPECT_EQ(mysql("SELECT * FROM \"secret\""), "SELECT");
    EXPECT_EQ(mysql("INSERT INTO t VALUES ('it\\'s', \"FROM x\")"), "INSERT t");
}

// standard_conforming_strings = off, NO_BACKSLASH_ESCAPES: either way of reading may take a string's text for a table.
TEST(StatementName, WhereABackslashMayEndAStringNothingBehindItIsAName) {
    EXPECT_EQ(named("SELECT 'it\\' FROM secret, x' FROM orders"), "SELECT");
    EXPECT_EQ(named("SELECT 'C:\\' FROM orders"), "SELECT");
    EXPECT_EQ(mysql("SELECT 'C:\\', ' FROM secret' FROM orders"), "SELECT");
    EXPECT_EQ(mysql("SELECT \"it\\\" FROM secret\" FROM orders"), "SELECT");
    EXPECT_EQ(named("SELECT 'C:\\\\' FROM orders"), "SELECT orders");
    EXPECT_EQ(named("SELECT 'a\\n' FROM orders"), "SELECT orders");
    EXPECT_EQ(named("SELECT E'it\\'s' FROM orders"), "SELECT orders");
    EXPECT_EQ(named("UPDATE orders SET a = 'it\\' WHERE x IN (SELECT * FROM secret)'"), "UPDATE orders");
}

TEST(StatementName, ATextThatIsCutInTheMiddleOfAWordDoesNotEndThere) {
    EXPECT_EQ(cut("SELECT * FROM ord"), "SELECT");
    EXPECT_EQ(cut("SELECT * FROM orders "), "SELECT");  // "orders (1)" is a function
    EXPECT_EQ(cut("SELECT * FROM orders W"), "SELECT orders");
    EXPECT_EQ(cut("SELECT * FROM orders/"), "SELECT");
    EXPECT_EQ(cut("SELECT * FROM orders."), "SELECT");
    EXPECT_EQ(cut("INSERT INTO orders (a"), "INSERT orders");
    EXPECT_EQ(cut("SELECT (SELECT max(id) FROM items WHERE a"), "SELECT");
    EXPECT_EQ(cut("WITH x AS (SELECT * FROM items WHERE a"), "WITH");
    EXPECT_EQ(named("SELECT * FROM \"orders"), "SELECT");
    EXPECT_EQ(named("SELECT 'FROM orders"), "SELECT");
}

TEST(StatementName, ManyNamesOfWithAreNotTakenForTables) {
    std::string text = "WITH t0 AS (SELECT 1)";
    for (int i = 1; i < 40; ++i) text += ", t" + std::to_string(i) + " AS (SELECT 1)";
    EXPECT_EQ(named(text + " SELECT * FROM t39"), "SELECT");
    EXPECT_EQ(named(text + " SELECT * FROM public.orders"), "SELECT public.orders");
}

TEST(StatementName, DepthIsBounded) {
    const std::string deep(100000, '(');
    EXPECT_EQ(named("SELECT " + deep + "1" + std::string(100000, ')') + " FROM orders"), "SELECT orders");
    EXPECT_EQ(named(deep + "SELECT"), "_OTHER");
    EXPECT_EQ(named("SELECT " + std::string(1000, ')') + " FROM orders"), "SELECT orders");
}

TEST(StatementName, MysqlIsReadAsMysqlWritesIt) {
    EXPECT_EQ(mysql("SELECT * FROM `Orders`"), "SELECT Orders");
    EXPECT_EQ(mysql("SELECT * FROM shop.`or``ders` WHERE a = 1"), "SELECT shop.or`ders");
    EXPECT_EQ(mysql("SELECT 1 FROM DUAL"), "SELECT");
    EXPECT_EQ(mysql("SELECT a # FROM items\nFROM orders"), "SELECT orders");
    EXPECT_EQ(mysql("SELECT 1 --1 FROM orders"), "SELECT orders");
    EXPECT_EQ(mysql("SELECT /*!40001 SQL_NO_CACHE */ * FROM `orders`"), "SELECT orders");
    EXPECT_EQ(mysql("/*!40101 SET NAMES utf8 */"), "SET");
    EXPECT_EQ(mysql("SELECT /* a /* b */ 1 FROM orders"), "SELECT orders");
    EXPECT_EQ(mysql("INSERT IGNORE INTO orders VALUES (1)"), "INSERT orders");
    EXPECT_EQ(mysql("INSERT LOW_PRIORITY orders (a) VALUES (1)"), "INSERT orders");
    EXPECT_EQ(mysql("REPLACE INTO orders VALUES (1)"), "REPLACE orders");
    EXPECT_EQ(mysql("REPLACE orders SET a = 1"), "REPLACE orders");
    EXPECT_EQ(mysql("UPDATE LOW_PRIORITY IGNORE orders SET a = 1"), "UPDATE orders");
    EXPECT_EQ(mysql("DELETE QUICK FROM orders WHERE a"), "DELETE orders");
    EXPECT_EQ(mysql("DELETE o FROM orders AS o JOIN items"), "DELETE orders");
    EXPECT_EQ(mysql("SELECT * FROM 2024_orders"), "SELECT {n}_orders");
    EXPECT_EQ(mysql("TRUNCATE orders"), "TRUNCATE TABLE orders");
    EXPECT_EQ(mysql("OPTIMIZE TABLE orders"), "OPTIMIZE orders");
    EXPECT_EQ(mysql("LOCK TABLES orders READ"), "LOCK TABLE orders");
    EXPECT_EQ(mysql("UNLOCK TABLES"), "UNLOCK TABLES");
    EXPECT_EQ(mysql("LOAD DATA LOCAL INFILE 'x' INTO TABLE orders"), "LOAD orders");
    EXPECT_EQ(mysql("SHOW CREATE TABLE orders"), "SHOW");
    EXPECT_EQ(mysql("USE shop"), "USE");
    EXPECT_EQ(mysql("DESCRIBE orders"), "DESCRIBE orders");
    EXPECT_EQ(mysql("EXPLAIN SELECT * FROM orders"), "EXPLAIN orders");
    EXPECT_EQ(mysql("EXPLAIN FORMAT=JSON SELECT * FROM orders"), "EXPLAIN orders");
    EXPECT_EQ(mysql("CREATE DEFINER=`a`@`b` TRIGGER t BEFORE INSERT ON orders FOR EACH ROW SET @a = 1"),
              "CREATE TRIGGER orders");
    EXPECT_EQ(mysql("CREATE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW v AS SELECT 1"), "CREATE VIEW v");
    EXPECT_EQ(mysql("DROP INDEX i ON orders"), "DROP INDEX orders");
    EXPECT_EQ(mysql("CALL refresh()"), "CALL refresh");
}

TEST(StatementName, CqlIsReadAsCassandraWritesIt) {
    EXPECT_EQ(named("SELECT a FROM shop.orders WHERE id = ? ALLOW FILTERING"), "SELECT shop.orders");
    EXPECT_EQ(named("INSERT INTO shop.orders (id) VALUES (?) IF NOT EXISTS USING TTL 60"), "INSERT shop.orders");
    EXPECT_EQ(named("UPDATE shop.orders USING TTL 60 SET a = ? WHERE id = ?"), "UPDATE shop.orders");
    EXPECT_EQ(named("DELETE a, b FROM shop.orders WHERE id = ?"), "DELETE shop.orders");
    EXPECT_EQ(named("BEGIN UNLOGGED BATCH USING TIMESTAMP 1 INSERT INTO orders (id) VALUES (1); APPLY BATCH"),
              "BATCH orders");
    EXPECT_EQ(named("CREATE KEYSPACE shop WITH replication = {'class': 'SimpleStrategy'}"), "CREATE KEYSPACE");
    EXPECT_EQ(named("CREATE TABLE shop.orders (id uuid PRIMARY KEY)"), "CREATE TABLE shop.orders");
    EXPECT_EQ(named("CREATE INDEX ON shop.orders (a)"), "CREATE INDEX shop.orders");
    EXPECT_EQ(named("TRUNCATE shop.orders"), "TRUNCATE TABLE shop.orders");
    EXPECT_EQ(named("USE shop"), "USE");
    EXPECT_EQ(named("SELECT * FROM user"), "SELECT user");
}

TEST(StatementName, WhatReplicationAsksForHasItsName) {
    EXPECT_EQ(named("START_REPLICATION SLOT \"s\" LOGICAL 0/0 (proto_version '1')"), "START_REPLICATION");
    EXPECT_EQ(named("IDENTIFY_SYSTEM"), "IDENTIFY_SYSTEM");
    EXPECT_EQ(named("BASE_BACKUP ( LABEL 'x' )"), "BASE_BACKUP");
}

TEST(NextStatement, OnlySemicolonsBetweenStatementsSeparate) {
    EXPECT_EQ(split("SELECT 1; SELECT 2"), (std::vector<std::string>{"SELECT 1", " SELECT 2"}));
    EXPECT_EQ(split(";; SELECT ';' ;; -- ;\n;"), (std::vector<std::string>{" SELECT ';' "}));
    EXPECT_EQ(split("SELECT $$;$$, \";\" /*;*/; x"), (std::vector<std::string>{"SELECT $$;$$, \";\" /*;*/", " x"}));
    EXPECT_EQ(split("CREATE RULE r AS ON INSERT TO a DO (SELECT 1; SELECT 2); x").size(), 2U);
    EXPECT_EQ(split("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN a THEN 1 END; SELECT 2; END; BEGIN; END")
                  .size(),
              3U);
    EXPECT_EQ(split("SELECT 'x\\'; SELECT 2").size(), 2U);
    EXPECT_EQ(split("SELECT 'x\\'; SELECT 2", Dialect::kMysql).size(), 1U);
    EXPECT_TRUE(split("").empty());
    EXPECT_TRUE(split(" ; /* x */ ; ").empty());
    EXPECT_EQ(split("SELECT 1; SELECT 'unfinished").size(), 2U);
}

}  // namespace
}  // namespace footfall::sql
