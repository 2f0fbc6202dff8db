// What waits on one connection, oldest first: a ring that keeps its slots and their buffers, so that a warm connection
// allocates nothing. It grows with the depth of pipelining and shrinks when empty.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace footfall {

// recycle(Slot&) makes a slot as new, and may keep its buffers; it is found where Slot is declared.
template <typename Slot, std::size_t limit>
class RingQueue {
public:
    static constexpr std::size_t kLimit = limit;

    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] bool full() const { return size_ == kLimit; }
    [[nodiscard]] std::size_t size() const { return size_; }
    Slot& front() { return slots_[first_]; }
    Slot& back() { return at(size_ - 1); }
    Slot& at(std::size_t index) { return slots_[(first_ + index) & (slots_.size() - 1)]; }  // 0 is the front

    // A blank one; not when full().
    Slot& push() {
        if (size_ == slots_.size()) grow();
        ++size_;
        return back();
    }

    // The front leaves.
    void pop() {
        recycle(front());
        first_ = (first_ + 1) & (slots_.size() - 1);
        --size_;
        if (size_ == 0 && slots_.size() > kKept) {
            slots_ = {};
            first_ = 0;
        }
    }

private:
    static constexpr std::size_t kInitial = 1;  // powers of two
    static constexpr std::size_t kKept = 64;

    void grow() {
        std::vector<Slot> larger(std::max(kInitial, slots_.size() * 2));
        for (std::size_t i = 0; i < size_; ++i) larger[i] = std::move(at(i));
        slots_ = std::move(larger);
        first_ = 0;
    }

    std::vector<Slot> slots_;
    std::size_t first_ = 0;
    std::size_t size_ = 0;
};

}  // namespace footfall
