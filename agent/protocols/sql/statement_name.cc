#include "agent/protocols/sql/statement_name.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <iterator>

#include "agent/protocols/sql/query_scanner.h"

namespace footfall::sql {
namespace {

enum class Shape : std::uint8_t {
    kNone,
    kAfterInto,
    kBegin,
    kCopy,
    kObject,
    kPrepare,
    kPrepared,
    kQuery,
    kReindex,
    kStart,
    kTarget,
    kWithin,
};

struct Verb {
    std::string_view operation;  // empty: no statement begins so
    Shape shape = Shape::kNone;
};

constexpr std::size_t kKeywordLimit = 256;

constexpr std::array<Verb, kKeywordLimit> make_verbs() {
    std::array<Verb, kKeywordLimit> verbs{};
#define FOOTFALL_SQL_VERB(word, operation, shape) verbs[static_cast<std::size_t>(Keyword::word)] = {operation, Shape::shape};
#include "agent/protocols/sql/verbs.def"
#undef FOOTFALL_SQL_VERB
    return verbs;
}

constexpr std::array<Verb, kKeywordLimit> kVerbs = make_verbs();

enum class Collection : std::uint8_t { kNone, kName, kOn };

struct Object {
    Keyword first;
    Keyword second;
    std::string_view create;
    std::string_view alter;
    std::string_view drop;
    Collection collection;
};

constexpr Object kObjects[] = {
#define FOOTFALL_SQL_OBJECT(first, second, text, collection) \
    {Keyword::first, Keyword::second, "CREATE " text, "ALTER " text, "DROP " text, Collection::collection},
#include "agent/protocols/sql/objects.def"
#undef FOOTFALL_SQL_OBJECT
};

constexpr unsigned kWithinLimit = 4;      // EXPLAIN PREPARE a AS EXPLAIN …
constexpr unsigned kModifiersLimit = 16;  // between CREATE and the type of object: OR REPLACE, DEFINER = a@b

class Namer {
public:
    Namer(std::string_view text, Dialect dialect, bool truncated) : reader_(text, dialect, truncated) {}

    void run() {
        while (reader_.take(';')) {
        }
        read_statement();
    }

    [[nodiscard]] std::string_view operation() const { return operation_.empty() ? "_OTHER" : operation_; }
    [[nodiscard]] const Relation& relation() const { return relation_; }

private:
    void read_statement() {
        if (reader_.token().is('(')) return read_query("");
        if (reader_.token().kind != TokenKind::kWord) return;
        const Keyword first = reader_.token().keyword;
        const Verb verb = kVerbs[static_cast<std::size_t>(first)];
        if (verb.shape == Shape::kQuery) return read_query(verb.operation);
        if (verb.operation.empty()) return;
        set_operation(verb.operation);
        reader_.advance();
        switch (verb.shape) {
            case Shape::kNone:
            case Shape::kQuery:
                return;
            case Shape::kAfterInto:
                if (skip_to({Keyword::INTO})) read_target({Keyword::TABLE});
                return;
            case Shape::kBegin:
                return read_batch();
            case Shape::kCopy:
                if (reader_.token().is('(')) return read_query("");
                return read_target({Keyword::BINARY});
            case Shape::kObject:
                return read_object(first);
            case Shape::kPrepare:
                return read_prepare();
            case Shape::kPrepared:
                return read_end_of_transaction(first);
            case Shape::kReindex:
                skip_options();
                if (reader_.take(Keyword::TABLE)) read_target({Keyword::CONCURRENTLY});
                return;
            case Shape::kStart:
                if (reader_.take(Keyword::TRANSACTION)) operation_ = "START TRANSACTION";
                return;
            case Shape::kTarget:
                return read_target({Keyword::TABLE, Keyword::TABLES, Keyword::FULL, Keyword::FREEZE, Keyword::VERBOSE,
                                    Keyword::ANALYZE, Keyword::ANALYSE, Keyword::LOCAL, Keyword::NO_WRITE_TO_BINLOG,
                                    Keyword::MATERIALIZED, Keyword::VIEW, Keyword::CONCURRENTLY, Keyword::COLUMNFAMILY});
            case Shape::kWithin:
                return read_within();
        }
        __builtin_unreachable();
    }

    // Of the outermost statement.
    void set_operation(std::string_view operation) {
        if (operation_.empty()) operation_ = operation;
    }

    void read_query(std::string_view operation) {
        QueryScanner scanner(reader_);
        scanner.run();
        set_operation(scanner.operation());
        set_operation(operation);
        relation_ = scanner.relation();
    }

    bool take_one_of(std::initializer_list<Keyword> words) {
        return std::any_of(words.begin(), words.end(), [&](Keyword word) { return reader_.take(word); });
    }

    void skip_options() {
        if (reader_.token().is('(')) reader_.skip_parentheses();
    }

    bool skip_to(std::initializer_list<Keyword> words) {
        while (!reader_.token().is_end() && !reader_.token().is(';')) {
            if (take_one_of(words)) return true;
            reader_.advance();
        }
        return false;
    }

    // A name behind options in parentheses and words that may stand in front of it.
    void read_target(std::initializer_list<Keyword> words) {
        skip_options();
        while (take_one_of(words)) {
        }
        if (reader_.take(Keyword::IF)) take_one_of({Keyword::NOT});
        take_one_of({Keyword::EXISTS});
        if (reader_.take(Keyword::ONLY)) reader_.take('(');
        if (reader_.token().is_name() && !is_reserved(reader_.token().keyword)) relation_ = reader_.read_relation();
    }

    void read_object(Keyword verb) {
        for (unsigned i = 0; i < kModifiersLimit && !reader_.token().is_end(); ++i) {
            const Keyword first = reader_.token().keyword;
            reader_.advance();
            if (const Object* object = find_object(first)) {
                set_object(verb, *object);
                return read_object_name(verb, *object);
            }
        }
    }

    // Steps over its second word.
    const Object* find_object(Keyword first) {
        if (first == Keyword::kNone) return nullptr;
        for (const Object& object : kObjects) {
            if (object.first != first) continue;
            if (object.second == Keyword::kNone || reader_.take(object.second)) return &object;
        }
        return nullptr;
    }

    void set_object(Keyword verb, const Object& object) {
        if (operation_ != kVerbs[static_cast<std::size_t>(verb)].operation) return;  // it stands within another one
        operation_ = verb == Keyword::CREATE ? object.create : verb == Keyword::ALTER ? object.alter : object.drop;
    }

    void read_object_name(Keyword verb, const Object& object) {
        switch (object.collection) {
            case Collection::kNone:
                return;
            case Collection::kName:
                return read_target({});
            case Collection::kOn:
                if (verb != Keyword::ALTER || object.first != Keyword::INDEX) {
                    if (skip_to({Keyword::ON})) read_target({});
                }
                return;
        }
        __builtin_unreachable();
    }

    // EXPLAIN [ANALYZE] [VERBOSE] x, EXPLAIN (options) x, DECLARE c CURSOR FOR x, MySQL's DESCRIBE t.
    void read_within() {
        if (++within_ > kWithinLimit) return;
        if (reader_.dialect() == Dialect::kMysql && is_plain_name()) return read_target({});
        while (!reader_.token().is_end() && !reader_.token().is(';')) {
            if (reader_.token().is('(')) {
                if (begins_query_in_parentheses()) return;
            } else if (begins_within()) {
                return read_statement();
            } else {
                reader_.advance();
            }
        }
    }

    [[nodiscard]] bool begins_within() const {
        const Token& token = reader_.token();
        if (token.kind != TokenKind::kWord || token.keyword == Keyword::ANALYZE || token.keyword == Keyword::ANALYSE)
            return false;
        return !kVerbs[static_cast<std::size_t>(token.keyword)].operation.empty();
    }

    [[nodiscard]] bool is_plain_name() const {
        const Token& token = reader_.token();
        return token.is_name() && token.keyword == Keyword::kNone && token.text != "FORMAT" && token.text != "format" &&
               token.text != "EXTENDED" && token.text != "extended";
    }

    // Options in parentheses are passed over. True if the statement has been read.
    bool begins_query_in_parentheses() {
        QueryScanner scanner(reader_);
        scanner.run_parentheses();
        if (scanner.operation().empty()) return false;
        relation_ = scanner.relation();
        return true;
    }

    // PREPARE name [(types)] AS x, PREPARE TRANSACTION 'id', MySQL's PREPARE name FROM 'x'.
    void read_prepare() {
        if (reader_.take(Keyword::TRANSACTION)) return set_if_outermost("PREPARE", "PREPARE TRANSACTION");
        if (++within_ > kWithinLimit || !skip_to({Keyword::AS})) return;
        read_statement();
    }

    void read_end_of_transaction(Keyword verb) {
        const bool is_commit = verb == Keyword::COMMIT;
        if (reader_.take(Keyword::PREPARED)) {
            return set_if_outermost(is_commit ? "COMMIT" : "ROLLBACK", is_commit ? "COMMIT PREPARED" : "ROLLBACK PREPARED");
        }
        if (!is_commit && skip_to({Keyword::TO})) set_if_outermost("ROLLBACK", "ROLLBACK TO");
    }

    void set_if_outermost(std::string_view from, std::string_view to) {
        if (operation_ == from) operation_ = to;
    }

    // CQL's BEGIN [UNLOGGED | COUNTER] BATCH [USING …] x; x; APPLY BATCH
    void read_batch() {
        take_one_of({Keyword::UNLOGGED, Keyword::COUNTER});
        if (!reader_.take(Keyword::BATCH)) return;
        set_if_outermost("BEGIN", "BATCH");
        while (!reader_.token().is_end()) {
            const Keyword word = reader_.token().keyword;
            if (word == Keyword::INSERT || word == Keyword::UPDATE || word == Keyword::DELETE) return read_query("");
            reader_.advance();
        }
    }

    TokenReader reader_;
    std::string_view operation_;
    Relation relation_;
    unsigned within_ = 0;
};

// A statement's end is a semicolon outside of parentheses and bodies.
class Splitter {
public:
    // Whether the statement goes on behind this token.
    bool take(const Token& token) {
        if (token.is(';') && parentheses_ <= 0 && blocks_ == 0) return false;
        empty_ = empty_ && token.is(';');
        if (token.is('(')) ++parentheses_;
        if (token.is(')')) --parentheses_;
        if (token.keyword != Keyword::kNone) take_word(token.keyword);
        return true;
    }
    [[nodiscard]] bool empty() const { return empty_; }

private:
    void take_word(Keyword word) {
        if (word == Keyword::ATOMIC && before_ == Keyword::BEGIN) ++blocks_;
        if (blocks_ > 0 && word == Keyword::CASE) ++blocks_;
        if (blocks_ > 0 && word == Keyword::END) --blocks_;
        before_ = word;
    }

    int parentheses_ = 0;
    int blocks_ = 0;
    bool empty_ = true;
    Keyword before_ = Keyword::kNone;
};

}  // namespace

StatementName name_statement(std::string_view text, Dialect dialect, std::string& buffer, bool truncated) {
    Namer namer(text, dialect, truncated);
    namer.run();
    buffer.clear();
    append_name(namer.relation(), dialect, buffer);
    return {namer.operation(), buffer};
}

std::string_view next_statement(std::string_view& text, Dialect dialect) {
    while (!text.empty()) {
        Lexer lexer(text, dialect);
        Splitter splitter;
        Token token = lexer.next();
        while (!token.is_end() && splitter.take(token)) token = lexer.next();
        const bool unfinished = token.kind == TokenKind::kUnfinished;
        const std::string_view statement = text.substr(0, lexer.position() - (token.is_end() ? 0 : 1));
        text.remove_prefix(lexer.position());
        if (!splitter.empty() || unfinished) return statement;
    }
    return {};
}

}  // namespace footfall::sql
