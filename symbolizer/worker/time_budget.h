// A limit of time that many steps have together. Only the steps count, not what lies between them.
// Thread: one at a time.
#pragma once

#include <algorithm>
#include <chrono>

namespace footfall {

class TimeBudget {
public:
    using Clock = std::chrono::steady_clock;

    explicit TimeBudget(std::chrono::milliseconds whole)
        : left_(std::clamp<std::chrono::milliseconds>(whole, kNone, kAYear)) {}

    [[nodiscard]] Clock::duration left() const { return left_; }
    [[nodiscard]] bool used_up() const { return left_ == Clock::duration::zero(); }

    // Takes from it for as long as it lives. budget may be null: then nothing is limited.
    class Step {
    public:
        explicit Step(TimeBudget* budget) : budget_(budget) {}
        ~Step() {
            if (budget_ != nullptr) budget_->left_ -= std::min(budget_->left_, Clock::now() - begin_);
        }
        Step(const Step&) = delete;
        Step& operator=(const Step&) = delete;

    private:
        TimeBudget* budget_;
        Clock::time_point begin_ = Clock::now();
    };

private:
    static constexpr std::chrono::milliseconds kNone{0};
    static constexpr std::chrono::hours kAYear{365 * 24};  // settings may say more than a clock can count

    Clock::duration left_;
};

}  // namespace footfall
