#include "agent/protocols/sql/query_scanner.h"

#include <algorithm>

namespace footfall::sql {

bool TokenReader::take(Keyword keyword) {
    if (token_.kind != TokenKind::kWord || token_.keyword != keyword) return false;
    advance();
    return true;
}

bool TokenReader::take(char symbol) {
    if (!token_.is(symbol)) return false;
    advance();
    return true;
}

bool TokenReader::at_cut() const {
    if (token_.kind == TokenKind::kUnfinished) return true;
    return truncated_ && lexer_.position() >= size_ && (token_.is_end() || token_.kind == TokenKind::kSymbol);
}

Relation TokenReader::read_relation() {
    Relation relation;
    bool readable = true;
    while (true) {
        const Token part = token_;
        relation.add(part);
        advance();
        const bool unicode = part.kind == TokenKind::kQuotedUnicode;
        if (unicode && (part.text.find('\\') != std::string_view::npos || token_.keyword == Keyword::UESCAPE))
            readable = false;
        if (!token_.is('.')) break;
        if (at_cut()) return {};
        advance();
        if (!token_.is_name()) return {};
    }
    return readable && !at_cut() ? relation : Relation{};
}

void TokenReader::skip_parentheses() {
    int depth = 0;
    do {
        if (token_.is('(')) ++depth;
        if (token_.is(')')) --depth;
        advance();
    } while (depth > 0 && !token_.is_end());
}

void QueryScanner::run() {
    while (!done_) step();
}

void QueryScanner::run_parentheses() {
    do {
        step();
    } while (!done_ && (depth_ > 0 || !operation_.empty()));
}

void QueryScanner::step() {
    const Token token = reader_->token();
    switch (token.kind) {
        case TokenKind::kEnd:
        case TokenKind::kUnfinished:
            within_holds_ = !reader_->at_cut();
            done_ = true;
            return;
        case TokenKind::kSymbol:
            take_symbol();
            break;
        case TokenKind::kValue:
            level().expects = false;
            level().at_start = level().at_start && level().with;
            reader_->advance();
            break;
        case TokenKind::kWord:
            take_word(part_of(token.keyword));
            break;
        case TokenKind::kQuoted:
        case TokenKind::kQuotedUnicode:
            take_name();
            break;
    }
    before_ = token.keyword;
}

const Relation& QueryScanner::relation() const {
    static constexpr Relation kNone{};
    if (found_.count > 0) return found_;
    const bool may_be_defined = ever_recursive_ && is_defined(within_);  // by a later name
    return within_holds_ && !may_be_defined ? within_ : kNone;
}

void QueryScanner::take_symbol() {
    const char symbol = reader_->token().text.front();
    if (symbol == ';' && depth_ == 0) {
        within_holds_ = done_ = true;
        return;
    }
    switch (symbol) {
        case '(':
            return open();
        case ')':
            close();
            break;
        case ',':
            level().expects = level().in_from;
            break;
        default:
            level().expects = false;
            break;
    }
    reader_->advance();
}

void QueryScanner::open() {
    if (depth_ + 1 == kDepthLimit) {
        reader_->skip_parentheses();
        level().expects = level().at_start = false;
        return;
    }
    reader_->advance();
    Level& outer = level();
    Level inner;
    if (outer.after_body) outer.with = false;  // WITH … AS (…) (SELECT …)
    inner.own = outer.own && (outer.expects || (outer.at_start && !outer.with));
    inner.expects = inner.in_from = outer.expects && (!outer.target || before_ == Keyword::ONLY);
    inner.target = outer.target;
    inner.is_body = outer.before_body;
    outer.expects = outer.before_body = false;
    outer.at_start = outer.at_start && outer.with;
    levels_[++depth_] = inner;
}

void QueryScanner::close() {
    if (depth_ == 0) return;
    const bool was_body = level().is_body;
    --depth_;
    level().after_body = was_body;
    if (was_body && !level().recursive) define(level().defines);
}

void QueryScanner::define(const Token& name) {
    if (defined_count_ < kDefinedLimit) defined_[defined_count_] = name;
    ++defined_count_;
}

// When more names were made than are kept, any of them may be one.
bool QueryScanner::is_defined(const Relation& relation) const {
    if (relation.count != 1) return false;
    if (defined_count_ > kDefinedLimit) return true;
    return std::any_of(defined_.begin(), defined_.begin() + static_cast<std::ptrdiff_t>(defined_count_),
                       [&](const Token& name) { return same_name(name, relation.parts[0]); });
}

void QueryScanner::take_name() {
    Level& here = level();
    if (here.expects) return take_relation();
    if (here.with && here.at_start) {
        here.defines = reader_->token();
        here.after_body = false;
    } else {
        here.at_start = false;
    }
    reader_->advance();
}

void QueryScanner::take_relation() {
    const Keyword keyword = reader_->token().keyword;
    const Relation relation = reader_->read_relation();
    Level& here = level();
    here.expects = here.at_start = false;
    const bool is_function = reader_->token().is('(') && !here.target;
    const bool is_dual = reader_->dialect() == Dialect::kMysql && keyword == Keyword::DUAL;
    if (relation.count == 0 || is_function || is_dual) return;
    if (!here.target && is_defined(relation)) return;
    if (here.own) {
        found_ = relation;
        done_ = true;
    } else if (within_.count == 0) {
        within_ = relation;
    }
}

void QueryScanner::begin_verb(std::string_view operation) {
    Level& here = level();
    here.at_start = here.in_from = here.expects = here.target = false;
    if (here.own && operation_.empty()) operation_ = operation;
}

// MySQL may leave INTO out.
void QueryScanner::begin_target(bool expects) {
    level().expects = level().target = expects;
    level().awaits_into = true;
}

bool QueryScanner::may_be_skipped(Part part) {
    if (!level().expects) return false;
    return part == Part::kBeforeTable ||
           (part == Part::kModifier && level().target && reader_->dialect() == Dialect::kMysql);
}

// FROM is also a word of EXTRACT (… FROM …), which has a parenthesis of its own, and of IS DISTINCT FROM.
void QueryScanner::take_from() {
    Level& here = level();
    if (!here.selects || before_ == Keyword::DISTINCT) return;
    here.expects = here.in_from = true;
    here.target = here.deletes;
}

void QueryScanner::take_word(Part part) {
    Level& here = level();
    const Keyword keyword = reader_->token().keyword;
    const bool at_start = here.at_start;
    switch (part) {
        case Part::kSelect:
            begin_verb("SELECT");
            here.selects = true;
            break;
        case Part::kValues:
            if (!at_start) return take_name();
            begin_verb("SELECT");
            break;
        case Part::kTable:
            if (!at_start) break;
            begin_verb("SELECT");
            here.expects = true;
            break;
        case Part::kInsert:
            if (!at_start) return take_name();
            begin_verb(keyword == Keyword::INSERT ? "INSERT" : keyword == Keyword::MERGE ? "MERGE" : "REPLACE");
            begin_target(reader_->dialect() == Dialect::kMysql);
            break;
        case Part::kUpdate:
            if (!at_start) return take_name();
            begin_verb("UPDATE");
            here.expects = here.target = true;
            break;
        case Part::kDelete:
            if (!at_start) return take_name();
            begin_verb("DELETE");
            here.selects = here.deletes = true;
            break;
        case Part::kInto:
            if (here.awaits_into) here.expects = here.target = true;
            here.awaits_into = false;
            break;
        case Part::kWith:
            here.expects = false;
            here.with = here.with || at_start;
            break;
        case Part::kRecursive:
            if (!here.with || !at_start) return take_name();
            here.recursive = ever_recursive_ = true;
            break;
        case Part::kAs:
            if (!here.with || !at_start) break;
            here.before_body = true;
            if (here.recursive) define(here.defines);
            break;
        case Part::kFrom:
            take_from();
            break;
        case Part::kJoin:
            here.expects = here.in_from;
            break;
        case Part::kSetOperation:
            here.in_from = here.expects = here.with = false;
            here.at_start = true;
            break;
        case Part::kEndOfFrom:
            here.in_from = here.expects = false;
            break;
        case Part::kValue:
            here.expects = false;
            break;
        case Part::kRows:  // ROWS FROM (functions)
            if (!here.expects) break;
            here.expects = false;
            reader_->advance();
            if (reader_->token().keyword == Keyword::FROM) reader_->advance();
            return;
        case Part::kBeforeTable:
        case Part::kModifier:
            if (!may_be_skipped(part)) return take_name();
            break;
        case Part::kDual:
            return take_name();
        case Part::kNone:
            if (here.before_body) break;                                         // [NOT] MATERIALIZED
            if (keyword == Keyword::ALL || keyword == Keyword::DISTINCT) break;  // UNION ALL
            if (is_reserved(keyword)) here.expects = false;
            return take_name();
    }
    reader_->advance();
}

}  // namespace footfall::sql
