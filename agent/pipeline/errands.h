// What other threads want of the pipeline, without a lock on its hot path: they hand over a question, the pipeline's thread
// runs it at its next pause, and they get the answer by value.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <type_traits>

namespace footfall {

class Errands {
public:
    // Any thread but the pipeline's: waits until the question was run there. Nothing after close().
    template <typename Question>
    std::optional<std::invoke_result_t<Question>> ask(Question question) {
        std::optional<std::invoke_result_t<Question>> answer;
        if (!run([&] { answer.emplace(question()); })) return std::nullopt;
        return answer;
    }

    // Waits, but not beyond close(); false then.
    bool pause(std::uint64_t nanoseconds);

    // The pipeline's thread, at every pause: runs what was asked meanwhile.
    void run_all();
    // Nobody will answer any more: waiting threads go away empty.
    void close();

private:
    struct Errand {
        std::function<void()> work;
        bool done = false;
    };

    bool run(std::function<void()> work);

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Errand*> waiting_;  // they lie on the stacks of those who wait
    bool closed_ = false;
};

}  // namespace footfall
