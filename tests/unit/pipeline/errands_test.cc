#include "agent/pipeline/errands.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "agent/base/clock.h"

namespace footfall {
namespace {

// Runs errands as the pipeline's thread does, until it has seen so many answers.
void serve(Errands& errands, const std::atomic<int>& answered, int wanted) {
    while (answered < wanted) {
        errands.run_all();
        std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
}

TEST(Errands, TheQuestionRunsOnThePipelinesThreadAndTheAnswerComesBack) {
    Errands errands;
    std::atomic<int> answered = 0;
    std::optional<std::thread::id> ran_on;
    std::thread asking([&] {
        ran_on = errands.ask([] { return std::this_thread::get_id(); });
        ++answered;
    });
    serve(errands, answered, 1);
    asking.join();
    EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST(Errands, ManyWhoAskAtOnceEachGetTheirOwnAnswer) {
    Errands errands;
    std::atomic<int> answered = 0;
    int state = 0;  // without a lock: that is the point
    std::vector<std::thread> asking;
    asking.reserve(8);
    std::vector<int> answers(8, -1);
    for (int i = 0; i < 8; ++i) {
        asking.emplace_back([&, i] {
            for (int n = 0; n < 20; ++n) answers[i] = *errands.ask([&, i] { return ++state, i; });
            ++answered;
        });
    }
    serve(errands, answered, 8);
    for (std::thread& thread : asking) thread.join();
    EXPECT_EQ(state, 160);
    for (int i = 0; i < 8; ++i) EXPECT_EQ(answers[i], i);
}

TEST(Errands, NothingRunsBeforeThePipelineGetsToIt) {
    Errands errands;
    std::atomic<bool> ran = false;
    std::thread asking([&] { errands.ask([&] { return ran = true; }); });
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_FALSE(ran);
    errands.close();
    asking.join();
}

TEST(Errands, WhoWaitsGoesAwayEmptyWhenNobodyWillAnswer) {
    Errands errands;
    bool ran = false;
    std::optional<int> answer = 1;
    std::thread asking([&] {
        answer = errands.ask([&] {
            ran = true;
            return 2;
        });
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    errands.close();
    asking.join();
    EXPECT_EQ(answer, std::nullopt);
    errands.run_all();
    EXPECT_FALSE(ran) << "who asked is gone, and what the question refers to with it";
    EXPECT_EQ(errands.ask([] { return 3; }), std::nullopt) << "asked after the end";
}

TEST(Errands, APauseLastsAsLongAsItSaysUnlessTheEndComesFirst) {
    Errands errands;
    const MonotonicTime begin = monotonic_now();
    EXPECT_TRUE(errands.pause(20'000'000));
    EXPECT_GE(elapsed(begin, monotonic_now()), 20'000'000U);

    bool lasted = true;
    std::thread pausing([&] { lasted = errands.pause(60 * kNanosecondsPerSecond); });
    errands.close();
    pausing.join();
    EXPECT_FALSE(lasted);
    EXPECT_FALSE(errands.pause(0));
}

}  // namespace
}  // namespace footfall
