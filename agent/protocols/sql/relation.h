// The name of a table as a statement has it: up to three parts, and how it is written for users.
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "agent/protocols/sql/lexer.h"

namespace footfall::sql {

struct Relation {
    static constexpr std::size_t kPartLimit = 3;  // catalog.schema.table

    std::array<Token, kPartLimit> parts{};
    std::size_t count = 0;  // 0: none

    // Parts past the limit are not kept.
    void add(const Token& part) {
        if (count < kPartLimit) parts[count++] = part;
    }
};

// By the rules of statement_name.h.
void append_name(const Relation& relation, Dialect dialect, std::string& out);

bool same_name(const Token& left, const Token& right);

}  // namespace footfall::sql
