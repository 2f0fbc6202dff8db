// Statement names, held against PostgreSQL's own parser.
#include <gtest/gtest.h>
#include <pg_query.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/protocols/sql/statement_name.h"

namespace footfall::sql {
namespace {

using nlohmann::json;
using Names = std::set<std::string>;

json parse(std::string_view text) {
    const std::string owned(text);
    PgQueryParseResult result = pg_query_parse(owned.c_str());
    json tree = result.error == nullptr ? json::parse(result.parse_tree) : json();
    pg_query_free_parse_result(result);
    return tree;
}

std::string name_of(const json& range_var) {
    std::string name;
    for (const char* part : {"catalogname", "schemaname", "relname"}) {
        const std::string text = range_var.value(part, "");
        if (text.empty()) continue;
        name += (name.empty() ? "" : ".") + text;
    }
    return name;
}

bool is_defined(const json& range_var, const Names& defined) {
    return range_var.value("schemaname", "").empty() && defined.contains(range_var.value("relname", ""));
}

// The names that a statement's WITH makes, added to those that are known around it.
Names with_names(const json& statement, Names defined) {
    if (!statement.contains("withClause")) return defined;
    for (const json& each : statement["withClause"]["ctes"]) {
        defined.insert(each["CommonTableExpr"]["ctename"].get<std::string>());
    }
    return defined;
}

std::string own_table(const json& select, const Names& outer);

std::string table_of_item(const json& item, const Names& defined) {
    if (item.contains("RangeVar")) return is_defined(item["RangeVar"], defined) ? "" : name_of(item["RangeVar"]);
    if (item.contains("RangeSubselect")) return own_table(item["RangeSubselect"]["subquery"]["SelectStmt"], defined);
    if (item.contains("RangeTableSample")) return table_of_item(item["RangeTableSample"]["relation"], defined);
    if (!item.contains("JoinExpr")) return "";
    const std::string left = table_of_item(item["JoinExpr"]["larg"], defined);
    return left.empty() ? table_of_item(item["JoinExpr"]["rarg"], defined) : left;
}

// The first table of its own FROM.
std::string own_table(const json& select, const Names& outer) {
    const Names defined = with_names(select, outer);
    if (select.contains("larg")) {
        const std::string left = own_table(select["larg"], defined);
        return left.empty() ? own_table(select["rarg"], defined) : left;
    }
    if (!select.contains("fromClause")) return "";
    for (const json& item : select["fromClause"]) {
        const std::string table = table_of_item(item, defined);
        if (!table.empty()) return table;
    }
    return "";
}

struct ParsedName {
    std::string operation;  // empty: of a type that there is no rule for, which is in collection
    std::string collection;
};

struct First {
    std::string name;
    int location = std::numeric_limits<int>::max();
};

// The first table in the text, wherever it stands in it.
void find_anywhere(const json& node, const Names& defined, First& first) {
    if (node.is_array()) {
        for (const json& each : node) find_anywhere(each, defined, first);
        return;
    }
    if (!node.is_object()) return;
    if (node.contains("relname") && !is_defined(node, defined) && node.value("location", 0) < first.location) {
        first = {name_of(node), node.value("location", 0)};
    }
    Names inner = defined;
    if (node.contains("withClause")) {
        const json& with = node["withClause"];
        if (with.value("recursive", false)) inner = with_names(node, defined);
        for (const json& each : with["ctes"]) {
            find_anywhere(each["CommonTableExpr"]["ctequery"], inner, first);
            inner.insert(each["CommonTableExpr"]["ctename"].get<std::string>());
        }
    }
    for (const auto& [key, value] : node.items()) {
        if (key != "withClause" && key != "intoClause") find_anywhere(value, inner, first);
    }
}

std::string table_of_select(const json& select) {
    const std::string own = own_table(select, {});
    if (!own.empty()) return own;
    First first;
    find_anywhere(select, {}, first);
    return first.name;
}

ParsedName name_of_statement(const json& statement);

std::string upper_object(const std::string& type) {
    std::string text = type.substr(std::string("OBJECT_").size());
    if (text == "MATVIEW") return "MATERIALIZED VIEW";
    if (text == "COLUMN" || text == "TABCONSTRAINT") return "TABLE";
    std::replace(text.begin(), text.end(), '_', ' ');
    return text;
}

ParsedName name_of_drop(const json& drop) {
    const std::string object = upper_object(drop.value("removeType", ""));
    const std::string operation = "DROP " + object;
    const bool on_table = object == "TRIGGER" || object == "POLICY";
    const bool is_table = object == "TABLE" || object == "VIEW" || object == "MATERIALIZED VIEW" || object == "SEQUENCE";
    if (!on_table && !is_table) return {operation, ""};
    const json& items = drop["objects"][0]["List"]["items"];
    std::string name;
    for (std::size_t i = 0; i + (on_table ? 1 : 0) < items.size(); ++i) {
        name += (name.empty() ? "" : ".") + items[i]["String"]["sval"].get<std::string>();
    }
    return {operation, name};
}

ParsedName name_of_transaction(const json& statement) {
    static const std::map<std::string, std::string> kNames{
        {"TRANS_STMT_BEGIN", "BEGIN"},
        {"TRANS_STMT_START", "START TRANSACTION"},
        {"TRANS_STMT_COMMIT", "COMMIT"},
        {"TRANS_STMT_ROLLBACK", "ROLLBACK"},
        {"TRANS_STMT_SAVEPOINT", "SAVEPOINT"},
        {"TRANS_STMT_RELEASE", "RELEASE"},
        {"TRANS_STMT_ROLLBACK_TO", "ROLLBACK TO"},
        {"TRANS_STMT_PREPARE", "PREPARE TRANSACTION"},
        {"TRANS_STMT_COMMIT_PREPARED", "COMMIT PREPARED"},
        {"TRANS_STMT_ROLLBACK_PREPARED", "ROLLBACK PREPARED"},
    };
    return {kNames.at(statement.value("kind", "")), ""};
}

ParsedName name_of_call(const json& call) {
    std::string name;
    for (const json& part : call["funccall"]["funcname"]) {
        name += (name.empty() ? "" : ".") + part["String"]["sval"].get<std::string>();
    }
    return {"CALL", name};
}

ParsedName name_of_vacuum(const json& vacuum) {
    const bool is_vacuum = vacuum.value("is_vacuumcmd", false);
    const std::string table =
        vacuum.contains("rels") ? name_of(vacuum["rels"][0]["VacuumRelation"]["relation"]) : std::string();
    return {is_vacuum ? "VACUUM" : "ANALYZE", table};
}

std::string relation_of(const json& statement) {
    return statement.contains("relation") ? name_of(statement["relation"]) : std::string();
}

// Those whose name is fixed, and whose table is `relation`, if there is one.
const std::map<std::string, std::string> kPlain{
    {"InsertStmt", "INSERT"},
    {"UpdateStmt", "UPDATE"},
    {"DeleteStmt", "DELETE"},
    {"MergeStmt", "MERGE"},
    {"DeallocateStmt", "DEALLOCATE"},
    {"ExecuteStmt", "EXECUTE"},
    {"VariableSetStmt", "SET"},
    {"ConstraintsSetStmt", "SET"},
    {"VariableShowStmt", "SHOW"},
    {"DiscardStmt", "DISCARD"},
    {"ListenStmt", "LISTEN"},
    {"UnlistenStmt", "UNLISTEN"},
    {"NotifyStmt", "NOTIFY"},
    {"CheckPointStmt", "CHECKPOINT"},
    {"LoadStmt", "LOAD"},
    {"DoStmt", "DO"},
    {"ClusterStmt", "CLUSTER"},
    {"ReindexStmt", "REINDEX"},
    {"RefreshMatViewStmt", "REFRESH MATERIALIZED VIEW"},
    {"ClosePortalStmt", "CLOSE"},
    {"CreateStmt", "CREATE TABLE"},
    {"IndexStmt", "CREATE INDEX"},
    {"CreateTrigStmt", "CREATE TRIGGER"},
    {"CreateSchemaStmt", "CREATE SCHEMA"},
    {"CreatedbStmt", "CREATE DATABASE"},
    {"CreateExtensionStmt", "CREATE EXTENSION"},
    {"CreateEnumStmt", "CREATE TYPE"},
    {"CreateDomainStmt", "CREATE DOMAIN"},
    {"CreatePublicationStmt", "CREATE PUBLICATION"},
    {"CreateForeignServerStmt", "CREATE SERVER"},
    {"CreateStatsStmt", "CREATE STATISTICS"},
    {"AlterTableStmt", "ALTER TABLE"},
    {"AlterSystemStmt", "ALTER SYSTEM"},
    {"AlterDatabaseSetStmt", "ALTER DATABASE"},
    {"AlterRoleStmt", "ALTER ROLE"},
    {"CommentStmt", "COMMENT"},
    {"SecLabelStmt", "SECURITY LABEL"},
    {"ReassignOwnedStmt", "REASSIGN OWNED"},
    {"ImportForeignSchemaStmt", "IMPORT FOREIGN SCHEMA"},
};

std::string query_table(const json& query) { return name_of_statement(query).collection; }

ParsedName name_of_statement(const json& statement) {
    const std::string type = statement.begin().key();
    const json& it = statement.begin().value();
    if (type == "SelectStmt") return {"SELECT", table_of_select(it)};
    if (type == "TransactionStmt") return name_of_transaction(it);
    if (type == "TruncateStmt") return {"TRUNCATE TABLE", name_of(it["relations"][0]["RangeVar"])};
    if (type == "LockStmt") return {"LOCK TABLE", name_of(it["relations"][0]["RangeVar"])};
    if (type == "CopyStmt") return {"COPY", it.contains("query") ? query_table(it["query"]) : relation_of(it)};
    if (type == "ExplainStmt") return {"EXPLAIN", query_table(it["query"])};
    if (type == "PrepareStmt") return {"PREPARE", query_table(it["query"])};
    if (type == "DeclareCursorStmt") return {"DECLARE", query_table(it["query"])};
    if (type == "FetchStmt") return {it.value("ismove", false) ? "MOVE" : "FETCH", ""};
    if (type == "CallStmt") return name_of_call(it);
    if (type == "VacuumStmt") return name_of_vacuum(it);
    if (type == "CreateTableAsStmt") {
        if (it.value("is_select_into", false)) return {"SELECT", table_of_select(it["query"]["SelectStmt"])};
        return {"CREATE " + upper_object(it.value("objtype", "")), name_of(it["into"]["rel"])};
    }
    if (type == "ViewStmt") return {"CREATE VIEW", name_of(it["view"])};
    if (type == "CreateSeqStmt") return {"CREATE SEQUENCE", name_of(it["sequence"])};
    if (type == "AlterSeqStmt") return {"ALTER SEQUENCE", name_of(it["sequence"])};
    if (type == "CreateForeignTableStmt") return {"CREATE FOREIGN TABLE", name_of(it["base"]["relation"])};
    if (type == "CreatePolicyStmt") return {"CREATE POLICY", name_of(it["table"])};
    if (type == "CreateRoleStmt") return {it.value("stmt_type", "") == "ROLESTMT_USER" ? "CREATE USER" : "CREATE ROLE", ""};
    if (type == "CreateFunctionStmt") return {it.value("is_procedure", false) ? "CREATE PROCEDURE" : "CREATE FUNCTION", ""};
    if (type == "RenameStmt" || type == "AlterObjectSchemaStmt") {
        const std::string object = upper_object(it.value(type == "RenameStmt" ? "renameType" : "objectType", ""));
        return {"ALTER " + object, object == "INDEX" ? "" : relation_of(it)};
    }
    if (type == "GrantStmt") return {it.value("is_grant", false) ? "GRANT" : "REVOKE", ""};
    if (type == "DropStmt") return name_of_drop(it);
    if (type == "VariableSetStmt" && it.value("kind", "").starts_with("VAR_RESET")) return {"RESET", ""};
    const auto plain = kPlain.find(type);
    return plain == kPlain.end() ? ParsedName{"", type} : ParsedName{plain->second, relation_of(it)};
}

std::vector<std::string> statements() {
    std::ifstream file(FOOTFALL_SQL_STATEMENTS);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
}

std::string text_of(const StatementName& name) { return std::string(name.operation) + " " + std::string(name.collection); }

// None where it does not parse, or where there is no statement in it.
std::optional<ParsedName> parsed_name(std::string_view text) {
    const json tree = parse(text);
    if (tree.is_null() || tree.value("stmts", json::array()).empty()) return std::nullopt;
    return name_of_statement(tree["stmts"][0]["stmt"]);
}

// How many statements there are; none where it does not parse.
std::optional<std::size_t> parsed_statements(std::string_view text) {
    const json tree = parse(text);
    if (tree.is_null()) return std::nullopt;
    return tree.value("stmts", json::array()).size();
}

}  // namespace

TEST(SqlOracle, EveryStatementIsNamedAsPostgresqlParsesIt) {
    std::string buffer;
    std::size_t compared = 0;
    for (const std::string& text : statements()) {
        const std::optional<ParsedName> parsed = parsed_name(text);
        if (!parsed) continue;
        EXPECT_EQ(text_of(name_statement(text, Dialect::kStandard, buffer)), parsed->operation + " " + parsed->collection)
            << text;
        ++compared;
    }
    EXPECT_GE(compared, 300U);
}

TEST(SqlOracle, OfATextThatIsCutAnywhereTheTableIsTheOneOfTheWholeOrNone) {
    std::string buffer;
    for (const std::string& text : statements()) {
        const std::string whole(name_statement(text, Dialect::kStandard, buffer).collection);
        for (std::size_t length = 0; length < text.size(); ++length) {
            const StatementName cut =
                name_statement(std::string_view(text).substr(0, length), Dialect::kStandard, buffer, true);
            EXPECT_TRUE(cut.collection.empty() || cut.collection == whole)
                << text.substr(0, length) << "| is " << text_of(cut) << ", the whole " << whole;
        }
    }
}

TEST(SqlOracle, AScriptOfAllStatementsIsSplitAsPostgresqlSplitsIt) {
    std::string script;
    for (const std::string& text : statements()) {
        if (parsed_name(text)) script += text + "\n;";
    }
    const std::optional<std::size_t> expected = parsed_statements(script);
    ASSERT_TRUE(expected.has_value());
    std::size_t found = 0;
    std::string_view rest = script;
    for (std::string_view each = next_statement(rest, Dialect::kStandard); !each.empty();
         each = next_statement(rest, Dialect::kStandard)) {
        EXPECT_TRUE(parsed_name(each).has_value()) << each;
        ++found;
    }
    EXPECT_EQ(found, *expected);
}

}  // namespace footfall::sql
