#include "agent/processes/process_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <map>

#include "agent/processes/described_event.h"
#include "bpf/contract/process_events.h"
#include "tests/unit/processes/fake_tree.h"

namespace footfall {
namespace {

using testing::ElementsAre;
using testing::Pair;

constexpr MonotonicTime at(std::uint64_t seconds) { return {seconds * kNanosecondsPerSecond}; }

class FakeSource : public ProcessSource {
public:
    std::optional<ProcessDescription> describe(Pid pid) override {
        ++asked;
        const auto found = processes.find(pid);
        return found == processes.end() ? std::nullopt : std::optional(found->second);
    }
    void run(Pid pid, const std::string& service) { processes[pid] = {.service = service, .executable = "/bin/" + service}; }

    std::map<Pid, ProcessDescription> processes;
    int asked = 0;
};

class ProcessTableTest : public testing::Test {
protected:
    std::string name_of(std::uint32_t pid) { return services.name(table.service_of(Pid{pid})); }
    void fork(std::uint32_t parent, std::uint32_t child, std::uint64_t second = 1) {
        table.on_forked({at(second), Pid{child}, Pid{parent}});
    }
    void exec(std::uint32_t pid, std::string_view comm, std::uint64_t second = 1) {
        table.on_executed({at(second), Pid{pid}, comm});
    }
    void exit(std::uint32_t pid, std::uint64_t second) { table.on_exited({at(second), Pid{pid}}); }

    FakeSource source;
    Services services;
    std::vector<std::pair<Pid, std::string>> made;
    ProcessTable table{source, services,
                       [this](Pid pid, const ProcessDescription& d) { made.emplace_back(pid, d.service); }};
};

TEST_F(ProcessTableTest, AsksOncePerProcess) {
    source.run(Pid{10}, "nginx");
    for (int i = 0; i < 3; ++i) EXPECT_EQ(name_of(10), "nginx");
    EXPECT_EQ(source.asked, 1);
    EXPECT_THAT(made, ElementsAre(Pair(Pid{10}, "nginx")));
    EXPECT_EQ(table.info_of(Pid{10}).executable, "/bin/nginx");
}

TEST_F(ProcessTableTest, ChildThatDiesAtOnceIsWhatItsParentWas) {
    source.run(Pid{10}, "nginx");
    EXPECT_EQ(name_of(10), "nginx");
    fork(10, 11);
    exit(11, 1);
    EXPECT_EQ(name_of(11), "nginx");
    EXPECT_EQ(table.info_of(Pid{11}).parent, Pid{10});
    EXPECT_EQ(source.asked, 1);
}

TEST_F(ProcessTableTest, ChildOfAParentNobodyAskedForIsStillNamed) {
    source.run(Pid{10}, "cron");
    fork(10, 11);
    fork(11, 12);
    EXPECT_EQ(name_of(12), "cron");
}

TEST_F(ProcessTableTest, ChildIsLookedUpWhenItIsFirstAskedFor) {
    source.run(Pid{10}, "supervisor");
    EXPECT_EQ(name_of(10), "supervisor");
    fork(10, 11);
    EXPECT_EQ(source.asked, 1);
    source.run(Pid{11}, "worker");
    EXPECT_EQ(name_of(11), "worker");
}

TEST_F(ProcessTableTest, LooksAgainAfterExecution) {
    source.run(Pid{10}, "bash");
    EXPECT_EQ(name_of(10), "bash");
    source.run(Pid{10}, "nginx");
    EXPECT_EQ(name_of(10), "bash");
    exec(10, "nginx");
    EXPECT_EQ(name_of(10), "nginx");
}

TEST_F(ProcessTableTest, ProgramThatEndedBeforeItWasLookedAtIsCalledByItsComm) {
    source.run(Pid{10}, "bash");
    EXPECT_EQ(name_of(10), "bash");
    fork(10, 11);
    exec(11, "curl");
    EXPECT_EQ(name_of(11), "curl");
    EXPECT_EQ(table.info_of(Pid{11}).executable, "");
}

TEST_F(ProcessTableTest, ProgramThatEndedBeforeItWasLookedAtHasTheUserThatExecutedIt) {
    table.on_executed({at(1), Pid{10}, "gone", false, Uid{33}});
    EXPECT_EQ(name_of(10), "gone");
    EXPECT_EQ(table.info_of(Pid{10}).uid, Uid{33});
}

TEST_F(ProcessTableTest, ProcessOfWhichOnlyCommIsKnownIsCalledByIt) {
    EXPECT_EQ(services.name(table.service_of(Pid{10}, "wget")), "wget");
    EXPECT_EQ(name_of(11), "unknown");
}

TEST_F(ProcessTableTest, IsKeptForAGraceAfterItsEndThenThePidIsSomebodyElse) {
    source.run(Pid{10}, "old");
    EXPECT_EQ(name_of(10), "old");
    exit(10, 5);
    source.run(Pid{10}, "new");
    table.advance(at(6));
    EXPECT_EQ(name_of(10), "old");
    table.advance(at(8));
    EXPECT_EQ(table.size(), 0U);
    EXPECT_EQ(name_of(10), "new");
}

TEST_F(ProcessTableTest, DoesNotAskAboutAProcessThatHasEnded) {
    source.run(Pid{10}, "bash");
    EXPECT_EQ(name_of(10), "bash");
    fork(10, 11, 1);
    exit(11, 1);
    source.run(Pid{11}, "stranger");
    EXPECT_EQ(name_of(11), "bash");
}

TEST_F(ProcessTableTest, PidThatIsForkedAgainWithinTheGraceIsTheNewProcess) {
    source.run(Pid{10}, "a");
    source.run(Pid{20}, "b");
    EXPECT_EQ(name_of(10), "a");
    EXPECT_EQ(name_of(20), "b");
    exit(10, 5);
    fork(20, 10, 6);
    source.processes.erase(Pid{10});
    EXPECT_EQ(name_of(10), "b");
    table.advance(at(20));
    EXPECT_EQ(table.size(), 2U);
}

TEST_F(ProcessTableTest, CountsTheProcessesOfAService) {
    for (const std::uint32_t pid : {10U, 11U, 12U}) source.run(Pid{pid}, "nginx");
    for (const std::uint32_t pid : {10U, 11U, 12U, 10U}) name_of(pid);
    exec(10, "nginx");
    name_of(10);
    EXPECT_EQ(services.info(table.service_of(Pid{10})).processes, 3U);
}

TEST(ProcessTable, ForgetsWhoWasNotAskedForLongest) {
    FakeSource source;
    Services services;
    ProcessTable table(source, services, {}, {.processes = 3});
    for (const std::uint32_t pid : {1U, 2U, 3U, 1U, 4U}) table.service_of(Pid{pid});
    EXPECT_EQ(table.size(), 3U);
    EXPECT_EQ(source.asked, 4);
    table.service_of(Pid{1});
    table.service_of(Pid{3});
    EXPECT_EQ(source.asked, 4);
    table.service_of(Pid{2});
    EXPECT_EQ(source.asked, 5);
    EXPECT_EQ(table.size(), 3U);
}

TEST(ProcessTable, StaysBoundedAndSoundUnderAnyOrderOfEvents) {
    FakeSource source;
    Services services;
    ProcessTable table(source, services, {}, {.processes = 16});
    std::uint32_t state = 7;
    const auto random = [&] { return (state = state * 1664525U + 1013904223U) >> 16U; };
    for (std::uint64_t i = 1; i < 50000; ++i) {
        const Pid pid{random() % 40};
        const MonotonicTime time{i * kNanosecondsPerSecond / 4};
        switch (random() % 4) {
            case 0:
                table.on_forked({time, pid, Pid{random() % 40}});
                break;
            case 1:
                table.on_executed({time, pid, "x"});
                break;
            case 2:
                table.on_exited({time, pid});
                break;
            default:
                ASSERT_FALSE(services.name(table.service_of(pid)).empty());
        }
        ASSERT_LE(table.size(), 16U);
    }
}

// Runs the same life twice: from a source that forgets, then from what was recorded of the first run.
TEST(ProcessTable, ReplaysToTheSameServices) {
    const auto life = [](ProcessTable& table, Services& services, const std::function<void(int)>& step) {
        std::vector<std::string> names;
        const auto ask = [&](std::uint32_t pid) { names.push_back(services.name(table.service_of(Pid{pid}))); };
        step(0);
        ask(10);
        table.on_forked({at(1), Pid{11}, Pid{10}});
        table.on_executed({at(1), Pid{11}, "curl"});
        ask(11);
        step(1);
        table.on_executed({at(2), Pid{10}, "python3"});
        ask(10);
        step(2);
        table.on_executed({at(3), Pid{10}, "gone"});
        ask(10);
        ask(99);
        return names;
    };
    FakeSource live;
    Services services;
    std::vector<std::pair<Pid, ProcessDescription>> recorded;
    ProcessTable first(live, services, [&](Pid pid, const ProcessDescription& d) { recorded.emplace_back(pid, d); });
    const auto names = life(first, services, [&](int step) {
        live.processes.clear();
        if (step == 0) live.run(Pid{10}, "bash");
        if (step == 1) live.run(Pid{10}, "python3:app.py");
    });
    EXPECT_THAT(names, ElementsAre("bash", "curl", "python3:app.py", "gone", "unknown"));

    class Playback : public ProcessSource {
    public:
        explicit Playback(const std::vector<std::pair<Pid, ProcessDescription>>& records) : records_(records) {}
        // A raw file has each description in front of the event that needed it.
        std::optional<ProcessDescription> describe(Pid pid) override {
            const auto& [owner, d] = records_.at(next_++);
            source_.on_described({owner, d.service, d.executable, d.build_id});
            return source_.describe(pid);
        }

    private:
        const std::vector<std::pair<Pid, ProcessDescription>>& records_;
        std::size_t next_ = 0;
        RecordedProcessSource source_;
    };
    Playback playback(recorded);
    Services replayed_services;
    ProcessTable second(playback, replayed_services);
    EXPECT_EQ(life(second, replayed_services, [](int) {}), names);
}

TEST(LiveProcessSource, DescribesFromProc) {
    using namespace std::string_literals;
    FakeTree host{};
    host.add_process(812, 1, "/usr/sbin/nginx (deleted)", "nginx\0"s, "0::/system.slice/web.service\n", 33);
    LiveProcessSource source{ProcFs(host.proc())};
    const auto description = source.describe(Pid{812});
    ASSERT_TRUE(description.has_value());
    EXPECT_EQ(description->service, "web");
    EXPECT_EQ(description->executable, "/usr/sbin/nginx");
    EXPECT_EQ(description->build_id, "");
    EXPECT_EQ(description->parent, Pid{1});
    EXPECT_EQ(description->uid, Uid{33});
    EXPECT_FALSE(source.describe(Pid{813}).has_value());
}

TEST(LiveProcessSource, FindsTheBuildIdOfAProcess) {
    LiveProcessSource source;
    const auto description = source.describe(Pid{static_cast<std::uint32_t>(getpid())});
    ASSERT_TRUE(description.has_value());
    EXPECT_GE(description->build_id.size(), 32U);
}

TEST(Services, KeepANumberForEachName) {
    Services services;
    const ServiceId nginx = services.intern("nginx");
    const ServiceId redis = services.intern("redis");
    EXPECT_EQ(services.intern("nginx"), nginx);
    EXPECT_NE(nginx, redis);
    services.add_process(nginx, "", "");
    services.add_process(nginx, "/usr/sbin/nginx", "abc");
    services.add_process(nginx, "/bin/sh", "def");
    EXPECT_EQ(services.info(nginx).executable, "/usr/sbin/nginx");
    EXPECT_EQ(services.info(nginx).build_id, "abc");
    EXPECT_EQ(services.info(nginx).processes, 3U);
}

TEST(Services, FoldPastTheLimitIntoOther) {
    Services services(2);
    services.intern("a");
    services.intern("b");
    EXPECT_EQ(services.name(services.intern("c")), "other");
    EXPECT_EQ(services.intern("d"), services.intern("e"));
    EXPECT_EQ(services.name(services.intern("b")), "b");
    EXPECT_EQ(services.all().size(), 3U);
}

TEST(DescribedEvent, IsARecordOfTheContract) {
    using namespace std::string_literals;
    const auto record =
        encode_described(Pid{812}, {.service = "web", .executable = "/x\0y"s, .build_id = ""}, MonotonicTime{77});
    ff_described_event head{};
    ASSERT_GE(record.size(), sizeof head);
    std::memcpy(&head, record.data(), sizeof head);
    EXPECT_EQ(head.event.kind, FF_EVENT_DESCRIBED);
    EXPECT_EQ(head.event.size, record.size());
    EXPECT_EQ(head.event.time_ns, 77U);
    EXPECT_EQ(head.pid, 812U);
    const std::string text(reinterpret_cast<const char*>(record.data()) + sizeof head, record.size() - sizeof head);
    EXPECT_EQ(head.text_length, text.size());
    EXPECT_EQ(text, "web\0/x\0\0"s);
}

}  // namespace
}  // namespace footfall
