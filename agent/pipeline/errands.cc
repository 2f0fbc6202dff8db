#include "agent/pipeline/errands.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace footfall {

bool Errands::run(std::function<void()> work) {
    Errand errand{std::move(work)};
    std::unique_lock lock(mutex_);
    if (closed_) return false;
    waiting_.push_back(&errand);
    changed_.wait(lock, [&] { return errand.done || closed_; });
    if (!errand.done) std::erase(waiting_, &errand);
    return errand.done;
}

bool Errands::pause(std::uint64_t nanoseconds) {
    std::unique_lock lock(mutex_);
    return !changed_.wait_for(lock, std::chrono::nanoseconds(nanoseconds), [&] { return closed_; });
}

void Errands::run_all() {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) return;
    for (Errand* errand : std::exchange(waiting_, {})) {
        errand->work();
        errand->done = true;
    }
    changed_.notify_all();
}

void Errands::close() {
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }
    changed_.notify_all();
}

}  // namespace footfall
