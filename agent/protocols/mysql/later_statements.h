// A query may hold several statements, whose results come one after the other: the names of those that wait for the first
// one's. One queue for all queries that are open on a connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/protocols/sql/statement_name.h"

namespace footfall::mysql {

class LaterStatements {
public:
    void push(const sql::StatementName& name) {
        for (std::string_view part : {name.operation, name.collection}) {
            part = part.substr(0, 255);
            text_.push_back(static_cast<char>(static_cast<std::uint8_t>(part.size())));
            text_.append(part);
        }
    }
    // The oldest. Valid until the next call.
    sql::StatementName pop() {
        const std::string_view operation = take();
        return {operation, take()};
    }
    void drop(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) pop();
        if (first_ == text_.size()) clear();
    }
    void clear() {
        first_ = 0;
        text_.clear();
        if (text_.capacity() > kKept) text_.shrink_to_fit();
    }

private:
    static constexpr std::size_t kKept = 1024;

    std::string_view take() {
        const std::size_t size = static_cast<std::uint8_t>(text_[first_]);
        const std::string_view part = std::string_view(text_).substr(first_ + 1, size);
        first_ += 1 + size;
        return part;
    }

    std::string text_;  // each name as two parts, with a byte of length in front
    std::size_t first_ = 0;
};

}  // namespace footfall::mysql
