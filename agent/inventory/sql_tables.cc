#include "agent/inventory/sql_tables.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <optional>

#include "agent/protocols/sql/lexer.h"
#include "agent/protocols/sql/statement_name.h"

namespace footfall {
namespace {

using sql::Dialect;

struct Created {
    std::string_view operation;  // as statement_name.h has it
    std::string_view kind;
};
constexpr std::array<Created, 4> kCreated{{{"CREATE TABLE", "table"},
                                           {"CREATE FOREIGN TABLE", "table"},
                                           {"CREATE VIEW", "view"},
                                           {"CREATE MATERIALIZED VIEW", "view"}}};

constexpr std::size_t kHeadBytes = 4096;  // of a statement: all that its name depends on, and more

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

Dialect dialect_of(std::string_view text) {
    static const RE2 kMysqlDump("(?i)^\\s*(-- (MySQL|MariaDB) dump|/\\*!)");
    static const RE2 kBackquoted("(?im)^[^'\\n]*(CREATE|TABLE|INTO|EXISTS)\\s+`");
    const bool mysql = RE2::PartialMatch(piece(text), kMysqlDump) || RE2::PartialMatch(piece(text), kBackquoted);
    return mysql ? Dialect::kMysql : Dialect::kStandard;
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

class Schema {
public:
    Schema(const std::string& file, std::string_view text)
        : file_(file), rest_(text), dialect_(dialect_of(text)), counted_(text.data()) {}

    Result<Inventory> read() {
        while (skip_to_statement()) {
            const std::string_view statement = sql::next_statement(rest_, dialect_);
            if (statement.empty()) break;
            if (rest_.empty() && is_unfinished(statement)) {
                return failure(fmt::format("{}:{}: a quote or comment of this statement is never closed", file_,
                                           line_at(first_word(statement))),
                               {}, ExitCode::kBadConfig);
            }
            read_statement(statement);
        }
        if (inventory_.items.empty()) {
            return failure(file_ + ": no CREATE TABLE in it", "a schema: pg_dump --schema-only, mysqldump --no-data",
                           ExitCode::kBadConfig);
        }
        inventory_.leave_out_repeated();
        return std::move(inventory_);
    }

private:
    // Comments in front of it are a part of the statement's text.
    [[nodiscard]] const char* first_word(std::string_view statement) const {
        const sql::Token first = sql::Lexer(statement, dialect_).next();
        return first.text.data() == nullptr ? statement.data() : first.text.data();
    }

    // Of places further and further on.
    std::size_t line_at(const char* place) {
        line_ += static_cast<std::size_t>(std::count(counted_, place, '\n'));
        counted_ = place;
        return line_;
    }

    [[nodiscard]] bool is_unfinished(std::string_view statement) const {
        sql::Lexer lexer(statement, dialect_);
        sql::Token token = lexer.next();
        while (!token.is_end()) token = lexer.next();
        return token.kind == sql::TokenKind::kUnfinished;
    }

    std::string_view take_line() {
        const std::size_t end = std::min(rest_.find('\n'), rest_.size());
        const std::string_view line = rest_.substr(0, end);
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
        return line;
    }

    // Steps over white space, psql's commands and what is between DELIMITER lines.
    bool skip_to_statement() {
        static const RE2 kDelimiter("(?i)^DELIMITER\\s+(\\S+)");
        while (!rest_.empty()) {
            if (is_space(rest_.front())) {
                rest_.remove_prefix(1);
                continue;
            }
            if (rest_.front() == '\\') {
                take_line();
                continue;
            }
            re2::StringPiece delimiter;
            if (!RE2::PartialMatch(piece(rest_.substr(0, kHeadBytes)), kDelimiter, &delimiter)) return true;
            take_line();
            while (delimiter != ";" && !rest_.empty()) RE2::PartialMatch(piece(take_line()), kDelimiter, &delimiter);
        }
        return false;
    }

    void read_statement(std::string_view statement) {
        const char* const first = first_word(statement);
        const std::string_view head = statement.substr(0, static_cast<std::size_t>(first - statement.data()) + kHeadBytes);
        const auto name = sql::name_statement(head, dialect_, buffer_, head.size() < statement.size());
        if (name.operation == "COPY" && reads_stdin(statement)) return skip_data();
        const auto* const created = std::find_if(kCreated.begin(), kCreated.end(),
                                                 [&](const Created& one) { return one.operation == name.operation; });
        if (created == kCreated.end() || name.collection.empty() || is_temporary(head)) return;
        InventoryItem item;
        item.text = fmt::format("{} {}", created->kind, name.collection);
        item.means = InventoryItem::Means::kTable;
        item.names.emplace_back(name.collection);
        item.place = fmt::format("{}:{}", file_, line_at(first));
        inventory_.items.push_back(std::move(item));
    }

    static bool reads_stdin(std::string_view copy) {
        static const RE2 kFromStdin("(?i)\\sFROM\\s+STDIN\\b");
        return RE2::PartialMatch(piece(copy), kFromStdin);
    }

    [[nodiscard]] bool is_temporary(std::string_view head) const {
        sql::Lexer lexer(head, dialect_);
        for (sql::Token token = lexer.next(); !token.is_end() && !token.is('('); token = lexer.next()) {
            static const RE2 kTemporary("(?i)TEMP|TEMPORARY");
            if (token.kind == sql::TokenKind::kWord && token.keyword == sql::Keyword::TABLE) return false;
            if (token.kind == sql::TokenKind::kWord && RE2::FullMatch(piece(token.text), kTemporary)) return true;
        }
        return false;
    }

    // Rows, up to the line "\.".
    void skip_data() {
        const std::size_t end = rest_.find("\n\\.");
        rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 3);
    }

    const std::string& file_;
    std::string_view rest_;
    Dialect dialect_;
    const char* counted_;  // lines up to here are counted
    std::size_t line_ = 1;
    std::string buffer_;
    Inventory inventory_;
};

}  // namespace

bool has_create_table(std::string_view text) {
    static const RE2 kCreateTable(
        "(?im)^\\s*CREATE\\s+((GLOBAL|LOCAL|TEMP|TEMPORARY|UNLOGGED|FOREIGN|OR\\s+REPLACE)\\s+)*TABLE\\s+"
        "(IF\\s+NOT\\s+EXISTS\\s+)?[^\\s(]+\\s*\\(");
    return RE2::PartialMatch(piece(text), kCreateTable);
}

Result<Inventory> read_sql_tables(const std::string& file, std::string_view text) { return Schema(file, text).read(); }

}  // namespace footfall
