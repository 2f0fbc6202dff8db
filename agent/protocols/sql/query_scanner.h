// Finds the verb and the first table of a query: SELECT, INSERT, UPDATE, DELETE, MERGE, VALUES, TABLE, with WITH in front
// and sub-selects anywhere. It looks at each token once, and keeps what it must know of each open parenthesis.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "agent/protocols/sql/lexer.h"
#include "agent/protocols/sql/relation.h"

namespace footfall::sql {

// The tokens of a text, with the one that comes next in hand.
class TokenReader {
public:
    TokenReader(std::string_view text, Dialect dialect, bool truncated)
        : lexer_(text, dialect, InDoubt::kStop), size_(text.size()), dialect_(dialect), truncated_(truncated) {
        advance();
    }

    [[nodiscard]] const Token& token() const { return token_; }
    [[nodiscard]] Dialect dialect() const { return dialect_; }
    void advance() { token_ = lexer_.next(); }
    // Advances if the next token is this one.
    bool take(Keyword keyword);
    bool take(char symbol);
    // The text may go on, and so may the next token.
    [[nodiscard]] bool at_cut() const;
    // A name with its parts; the next token is one. None if more of it may follow where the text was cut.
    Relation read_relation();
    // Behind the parenthesis that closes the next token.
    void skip_parentheses();

private:
    Lexer lexer_;
    std::size_t size_;
    Dialect dialect_;
    bool truncated_;
    Token token_;
};

class QueryScanner {
public:
    explicit QueryScanner(TokenReader& reader) : reader_(&reader) { levels_[0].own = true; }

    // Reads until the first table of the query itself is known, or the statement ends.
    void run();
    // The next token is a parenthesis: the same for what is in it, a query or something else, and steps behind it if it is
    // something else.
    void run_parentheses();

    [[nodiscard]] std::string_view operation() const { return operation_; }  // empty: no verb came
    [[nodiscard]] const Relation& relation() const;

private:
    // What is between two parentheses, or the statement itself.
    struct Level {
        bool own = false;      // of the statement itself, not an expression in it
        bool at_start = true;  // a statement may begin here
        bool with = false;     // names that WITH makes are defined here
        bool recursive = false;
        bool selects = false;  // SELECT or DELETE came: FROM is followed by tables
        bool deletes = false;
        bool in_from = false;
        bool expects = false;  // a table comes next …
        bool target = false;   // … which is written to: a parenthesis behind it is no function's
        bool awaits_into = false;
        bool before_body = false;  // AS came: a parenthesis holds what the name stands for
        bool is_body = false;
        bool after_body = false;
        Token defines;  // the name
    };
    static constexpr std::size_t kDepthLimit = 24;  // deeper ones are passed over
    static constexpr std::size_t kDefinedLimit = 16;

    void step();
    Level& level() { return levels_[depth_]; }
    void take_symbol();
    void take_name();
    void take_word(Part part);
    void begin_verb(std::string_view operation);
    void begin_target(bool expects);
    void take_from();
    void take_relation();
    void open();
    void close();
    void define(const Token& name);
    [[nodiscard]] bool is_defined(const Relation& relation) const;
    [[nodiscard]] bool may_be_skipped(Part part);

    TokenReader* reader_;
    std::array<Level, kDepthLimit> levels_{};
    std::size_t depth_ = 0;
    std::array<Token, kDefinedLimit> defined_{};
    std::size_t defined_count_ = 0;
    bool done_ = false;
    bool ever_recursive_ = false;
    Keyword before_ = Keyword::kNone;  // the last token's
    std::string_view operation_;
    Relation found_;
    Relation within_;  // the first one that is not the statement's own
    bool within_holds_ = false;
};

}  // namespace footfall::sql
