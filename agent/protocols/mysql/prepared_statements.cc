#include "agent/protocols/mysql/prepared_statements.h"

#include <algorithm>

namespace footfall::mysql {

std::size_t PreparedStatements::prepare(std::string_view operation, std::string_view collection) {
    const std::size_t slot = free_slot();
    Name& name = names_[slot];
    name.text.assign(operation);
    name.text.append(collection);
    name.operation_length = static_cast<std::uint8_t>(operation.size());
    numbers_[slot] = kUnnumbered;
    last_ = slot;
    return slot;
}

void PreparedStatements::prepared(std::size_t slot, std::uint32_t number) {
    if (slot >= numbers_.size() || numbers_[slot] != kUnnumbered || number >= kUnnumbered) return;
    numbers_[slot] = number;
}

void PreparedStatements::refused(std::size_t slot) {
    if (slot < numbers_.size() && numbers_[slot] == kUnnumbered) numbers_[slot] = kFree;
}

const PreparedStatements::Name* PreparedStatements::find(std::uint32_t number) {
    const std::size_t slot = slot_of(number);
    return slot == kNone ? nullptr : &names_[slot];
}

void PreparedStatements::close(std::uint32_t number) {
    const std::size_t slot = slot_of(number);
    if (slot == kNone) return;
    numbers_[slot] = kFree;
    next_ = slot;
}

void PreparedStatements::clear() {
    if (numbers_.size() > kKept) {
        numbers_ = {};
        names_ = {};
    }
    std::ranges::fill(numbers_, kFree);
    found_ = next_ = 0;
    last_ = kNone;
}

std::size_t PreparedStatements::slot_of(std::uint32_t number) {
    if (number == kLast) return last_ < numbers_.size() && numbers_[last_] != kFree ? last_ : kNone;
    if (number >= kUnnumbered) return kNone;
    if (found_ < numbers_.size() && numbers_[found_] == number) return found_;
    const auto found = std::ranges::find(numbers_, number);
    if (found == numbers_.end()) return kNone;
    found_ = static_cast<std::size_t>(found - numbers_.begin());
    return found_;
}

std::size_t PreparedStatements::free_slot() {
    if (next_ < numbers_.size() && numbers_[next_] == kFree) return next_;
    const auto free = std::ranges::find(numbers_, kFree);
    if (free != numbers_.end()) return static_cast<std::size_t>(free - numbers_.begin());
    if (numbers_.size() < kLimit) {
        numbers_.push_back(kFree);
        names_.emplace_back();
        return numbers_.size() - 1;
    }
    next_ = (next_ + 1) % kLimit;  // all are taken: in a circle
    return next_;
}

}  // namespace footfall::mysql
