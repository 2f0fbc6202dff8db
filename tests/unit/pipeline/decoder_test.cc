#include "agent/pipeline/decoder.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>
#include <limits>
#include <random>

#include "bpf/contract/call_events.h"
#include "bpf/contract/file_events.h"
#include "bpf/contract/process_events.h"
#include "bpf/contract/stack_events.h"
#include "tests/unit/pipeline/raw_records.h"

namespace footfall {
namespace {

template <typename Type>
Type decoded(const Record& record) {
    const std::optional<Event> event = decode(raw(record));
    EXPECT_TRUE(event && std::holds_alternative<Type>(*event));
    return event ? std::get<Type>(*event) : Type{};
}

TEST(Decoder, AMessageKeepsItsBytesAndPlace) {
    const Record record = message_record(7, 42, FF_SENT, 1000, "HTTP/1.1 200 OK", 5);
    const auto message = decoded<Message>(record);
    EXPECT_EQ(message.connection, ConnectionId{7});
    EXPECT_EQ(message.pid, Pid{42});
    EXPECT_EQ(message.direction, Direction::kSent);
    EXPECT_EQ(message.position, 1000U);
    EXPECT_EQ(message.length, 15U);
    EXPECT_EQ(message.front, "HTTP/1.1 200 OK");
    EXPECT_EQ(message.back, "");
}

TEST(Decoder, ALongMessageHasAFrontAndABack) {
    ff_message_event event{};
    event.length = 100'000;
    event.captured = 4;
    event.tail = 3;
    const Record record = record_of(event, FF_EVENT_MESSAGE, 1, "headend");
    const auto message = decoded<Message>(record);
    EXPECT_EQ(message.front, "head");
    EXPECT_EQ(message.back, "end");
    EXPECT_EQ(message.length, 100'000U);
}

TEST(Decoder, AMessageHasTheTimesOfItsThread) {
    ff_message_event event{};
    event.thread = {.cpu_ns = 100, .queued_ns = 20, .run_ns = 30, .sleeps = 4, .preempted = 5};
    const Record record = record_of(event, FF_EVENT_MESSAGE, 1);
    const auto message = decoded<Message>(record);
    ASSERT_TRUE(message.thread);
    EXPECT_EQ(message.thread->cpu_nanoseconds, 100U);
    EXPECT_EQ(message.thread->queued_nanoseconds, 20U);
    EXPECT_EQ(message.thread->run_nanoseconds, 30U);
    EXPECT_EQ(message.thread->sleeps, 4U);
    EXPECT_EQ(message.thread->preempted, 5U);
}

TEST(Decoder, AMessageOfAnOlderFileHasNone) {
    ff_message_event event{};
    event.length = event.captured = 3;
    Record record = record_of(event, FF_EVENT_UNTIMED, 1, "abc");
    record.erase(record.begin() + offsetof(ff_message_event, thread), record.begin() + sizeof event);
    const auto size = static_cast<std::uint32_t>(record.size());
    std::memcpy(record.data() + offsetof(ff_event, size), &size, sizeof size);
    const auto message = decoded<Message>(record);
    EXPECT_EQ(message.front, "abc");
    EXPECT_FALSE(message.thread);
}

TEST(Decoder, AnExitHasTheProcessesCpuTimeAndThatOfAnOlderFileDoesNot) {
    ff_process_event event{};
    event.pid = 42;
    const std::uint64_t cpu = 1'000;
    const std::string_view behind(reinterpret_cast<const char*>(&cpu), sizeof cpu);
    EXPECT_EQ(decoded<ProcessExited>(record_of(event, FF_EVENT_EXIT, 5, behind)).cpu_nanoseconds, cpu);
    const auto older = decoded<ProcessExited>(record_of(event, FF_EVENT_EXIT, 5));
    EXPECT_EQ(older.pid, Pid{42});
    EXPECT_FALSE(older.cpu_nanoseconds);
}

TEST(Decoder, AnExecutionKeepsWhoExecutedWhat) {
    ff_process_event event{};
    event.pid = 42;
    event.uid = 33;
    event.exit_code = 1;
    std::strcpy(event.comm, "curl");
    const Record record = record_of(event, FF_EVENT_EXEC, 5);
    const auto executed = decoded<ProcessExecuted>(record);
    EXPECT_EQ(executed.pid, Pid{42});
    EXPECT_EQ(executed.uid, Uid{33});
    EXPECT_EQ(executed.comm, "curl");
    EXPECT_TRUE(executed.proposed);
}

TEST(Decoder, AnExecutionHasItsPathAndArguments) {
    ff_process_event event{};
    event.pid = 42;
    event.parent = 7;
    std::string text(FF_PATH_MOST + FF_ARGUMENTS_MOST, '\0');
    text.replace(0, 12, "/usr/bin/git");
    text.replace(FF_PATH_MOST, 10, "git\0status", 10);
    const Record record = record_of(event, FF_EVENT_EXEC, 5, text);
    const auto executed = decoded<ProcessExecuted>(record);
    EXPECT_EQ(executed.parent, Pid{7});
    EXPECT_EQ(executed.path, "/usr/bin/git");
    EXPECT_TRUE(executed.arguments.starts_with(std::string_view("git\0status\0", 11)));
}

TEST(Decoder, TheRoomThatTheRingAddedIsIgnored) {
    Record record = message_record(7, 42, FF_SENT, 0, "abc", 5);
    record.resize(record.size() + 200, std::byte{0xee});
    EXPECT_EQ(decoded<Message>(record).front, "abc");
    EXPECT_EQ(trimmed(raw(record)).bytes.size(), sizeof(ff_message_event) + 3);
}

TEST(Decoder, AConnectionKeepsItsEndsAndTextThatFillsItsField) {
    ff_connection_event event{};
    event.family = AF_UNIX;
    std::memset(event.comm, 'c', sizeof(event.comm));
    std::memset(event.path, 'p', sizeof(event.path));
    event.inode = 99;
    const Record record = record_of(event, FF_EVENT_CONNECTION, 3);
    const auto seen = decoded<ConnectionSeen>(record);
    EXPECT_EQ(seen.family, AddressFamily::kUnix);
    EXPECT_EQ(seen.comm, std::string(FF_COMM_LENGTH, 'c'));
    EXPECT_EQ(seen.path, std::string(FF_UNIX_PATH_LENGTH, 'p'));
    EXPECT_EQ(seen.inode, 99U);
}

TEST(Decoder, FieldsThatContradictTheSizeAreMalformed) {
    ff_message_event event{};
    event.length = 10;
    event.captured = 11;
    EXPECT_FALSE(decode(raw(record_of(event, FF_EVENT_MESSAGE, 1, "01234567890"))));  // more captured than there was
    event.captured = 10;
    EXPECT_FALSE(decode(raw(record_of(event, FF_EVENT_MESSAGE, 1, "012"))));  // … than the record holds
    event.captured = 0xffffffff;
    event.tail = 2;
    EXPECT_FALSE(decode(raw(record_of(event, FF_EVENT_MESSAGE, 1, "0"))));
    event = {};
    event.direction = 2;
    EXPECT_FALSE(decode(raw(record_of(event, FF_EVENT_MESSAGE, 1))));
}

TEST(Decoder, UnknownKindsAndReasonsAreMalformed) {
    EXPECT_FALSE(decode(raw(close_record(1, static_cast<ff_close_reason>(9), true, 1))));
    EXPECT_FALSE(decode(raw(record_of(ff_close_event{}, 999, 1))));
    ff_described_event unended{};
    unended.text_length = 3;
    EXPECT_FALSE(decode(raw(record_of(unended, FF_EVENT_DESCRIBED, 0, "abc"))));
}

TEST(Decoder, NamesOfAnOpenedFileLieInItsRecord) {
    ff_opened_event event{};
    event.event = {FF_EVENT_OPENED, 0, offsetof(ff_opened_event, names) + 9, 5};
    event.pid = 7;
    event.error = 2;
    event.names_length = 9;
    std::memcpy(event.names, "shop\0etc", 9);
    Record record(event.event.size);
    std::memcpy(record.data(), &event, record.size());
    const auto opened = decode(raw(record));
    ASSERT_TRUE(opened);
    EXPECT_EQ(std::get<FileOpened>(*opened).names, std::string_view("shop\0etc", 9));
    EXPECT_EQ(std::get<FileOpened>(*opened).error, 2U);
    event.names_length = 10;
    std::memcpy(record.data(), &event, record.size());
    EXPECT_FALSE(decode(raw(record)));
}

TEST(Decoder, AConnectionThatTheApplicationHoldsStillHasEnded) {
    ff_close_event event{};
    event.reason = FF_CLOSE_LOCAL;
    event.extent = FF_CLOSED_HELD;
    const auto held = decode(raw(record_of(event, FF_EVENT_CLOSE, 1)));
    ASSERT_TRUE(held);
    EXPECT_TRUE(std::get<ConnectionClosed>(*held).final);
    EXPECT_TRUE(std::get<ConnectionClosed>(*held).held);
}

TEST(Decoder, WhereAConnectionEndedIsNotKnownFromOlderFiles) {
    ff_close_event event{};
    event.connection = 1;
    event.reason = FF_CLOSE_LOCAL;
    event.position[FF_RECEIVED] = 10;
    event.position[FF_SENT] = 20;
    Record record = record_of(event, FF_EVENT_CLOSE, 1);
    const auto closed = decode(raw(record));
    ASSERT_TRUE(closed);
    EXPECT_EQ(std::get<ConnectionClosed>(*closed).position, (std::array<std::uint64_t, 2>{10, 20}));

    constexpr std::size_t kBefore = offsetof(ff_close_event, position);
    event.event = {FF_EVENT_CLOSE, 0, kBefore, 1};
    std::memcpy(record.data(), &event, kBefore);
    record.resize(kBefore);
    const auto older = decode(raw(record));
    ASSERT_TRUE(older);
    EXPECT_EQ(std::get<ConnectionClosed>(*older).position, (std::array<std::uint64_t, 2>{}));
    record.pop_back();
    EXPECT_FALSE(decode(raw(record)));
}

TEST(Decoder, EveryCutOfARecordIsMalformedOrSmaller) {
    const Record whole = connection_record(1, 2);
    for (std::size_t length = 0; length < whole.size(); ++length) {
        const Record cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
        EXPECT_FALSE(decode(raw(cut))) << length;
    }
}

// The stack event, and behind it so many addresses, numbered from 0, and the bytes of a copy.
Record stack_record(const ff_stack_event& event, std::uint64_t addresses, std::string_view copy = {}) {
    std::string behind(addresses * sizeof(std::uint64_t), '\0');
    for (std::uint64_t i = 0; i < addresses; ++i) std::memcpy(behind.data() + i * sizeof i, &i, sizeof i);
    return record_of(event, FF_EVENT_STACK, 9, behind + std::string(copy));
}

TEST(Decoder, AStackKeepsItsFramesAndWhatItStandsFor) {
    ff_stack_event event{};
    event.pid = 42;
    event.tid = 43;
    event.stop = FF_STOP_NO_TABLE;
    event.kernel_frames = 2;
    event.user_frames = 3;
    event.weight = 10'000'000;
    event.guessed[0] = 0b101;
    event.stack_start = 0x7ffc0000;
    event.system_call = -1;
    std::memset(event.comm, 't', sizeof event.comm);
    const Record record = stack_record(event, 5);
    const auto taken = decoded<StackTaken>(record);
    EXPECT_EQ(taken.time.nanoseconds, 9U);
    EXPECT_EQ(taken.pid, Pid{42});
    EXPECT_EQ(taken.tid, Tid{43});
    EXPECT_EQ(taken.state, StackState::kRunning);
    EXPECT_EQ(taken.stop, StopReason::NO_TABLE);
    EXPECT_EQ(taken.nanoseconds, 10'000'000U);
    EXPECT_EQ(taken.system_call, -1);
    EXPECT_EQ(taken.thread, std::string(FF_COMM_LENGTH, 't'));
    ASSERT_EQ(taken.kernel.size(), 2U);
    EXPECT_EQ(taken.kernel[1], 1U);
    ASSERT_EQ(taken.user.size(), 3U);
    EXPECT_EQ(taken.user[0], 2U);
    EXPECT_TRUE(taken.user_frame(0).guessed);
    EXPECT_FALSE(taken.user_frame(1).guessed);
    EXPECT_TRUE(taken.user_frame(2).guessed);
    EXPECT_TRUE(taken.copied.empty());
    EXPECT_EQ(taken.registers.size(), 0U);
    EXPECT_EQ(taken.stack_start, 0x7ffc0000U);
}

TEST(Decoder, AUserFrameIsAModuleAndAnAddressInIt) {
    ff_stack_event event{};
    event.user_frames = FF_STACK_DEPTH;
    event.guessed[1] = 1ULL << 62;
    std::string behind(FF_STACK_DEPTH * sizeof(std::uint64_t), '\0');
    const std::uint64_t frame = 0xffff'0123'4567'89ab;
    std::memcpy(behind.data() + 126 * sizeof frame, &frame, sizeof frame);
    const Record record = record_of(event, FF_EVENT_STACK, 1, behind);
    const auto taken = decoded<StackTaken>(record);
    EXPECT_EQ(taken.user_frame(126), (UserFrame{0xffff, 0x0123'4567'89ab, true}));
    EXPECT_EQ(taken.user_frame(125), (UserFrame{0, 0, false}));
}

TEST(Decoder, AStackOfAWaitSaysWhichAndOfHowManyItIsOne) {
    ff_stack_event event{};
    event.state = FF_STACK_BLOCKED;
    event.weight = (5ULL << 16) / 2;
    event.wait = 77;
    event.system_call = 202;
    const auto taken = decoded<StackTaken>(stack_record(event, 0));
    EXPECT_EQ(taken.state, StackState::kBlocked);
    EXPECT_EQ(taken.waits, 2.5);
    EXPECT_EQ(taken.nanoseconds, 0U);
    EXPECT_EQ(taken.wait, 77U);
    EXPECT_EQ(taken.system_call, 202);
    event.state = FF_STACK_QUEUED;
    EXPECT_EQ(decoded<StackTaken>(stack_record(event, 0)).state, StackState::kQueued);
}

constexpr std::uint64_t kRoomOfFrames = 2 * std::uint64_t{FF_STACK_DEPTH} + 2 * std::uint64_t{FF_SCRIPT_DEPTH};

// The frames have their full room where a copy follows, however few they are.
TEST(Decoder, TheCopyOfAStackLiesBehindTheRoomOfAllFramesAndTheRegisters) {
    ff_stack_event event{};
    event.kernel_frames = 1;
    event.user_frames = 1;
    event.copied = 5;
    event.copied_below = 2;
    event.instruction_pointer = 1;
    const Record record = stack_record(event, kRoomOfFrames + FF_REGISTERS, "stack");
    const auto taken = decoded<StackTaken>(record);
    const std::string copied(reinterpret_cast<const char*>(taken.copied.data()), taken.copied.size());
    EXPECT_EQ(copied, "stack");
    EXPECT_EQ(taken.copied_below, 2U);
    ASSERT_EQ(taken.user.size(), 1U);
    EXPECT_EQ(taken.user[0], 1U);
    EXPECT_EQ(taken.ip, 1U);
    ASSERT_EQ(taken.registers.size(), std::size_t{FF_REGISTERS});
    EXPECT_EQ(taken.registers[0], kRoomOfFrames);
    EXPECT_EQ(taken.registers[FF_REGISTERS - 1], kRoomOfFrames + FF_REGISTERS - 1);
    EXPECT_FALSE(decode(raw(stack_record(event, 2, "stack")))) << "the room of the frames is missing";
    EXPECT_FALSE(decode(raw(stack_record(event, kRoomOfFrames, "stack")))) << "the registers are missing";
}

TEST(Decoder, ScriptFramesFollowTheAddresses) {
    ff_stack_event event{};
    event.kernel_frames = 1;
    event.user_frames = 2;
    event.script_frames = 2;
    event.runtime = FF_RUNTIME_CPYTHON;
    event.script_stop = FF_SCRIPT_TOO_DEEP;
    const ff_script_frame script[] = {{0x7f00'1234'5678, 62, 0x123}, {0x7f00'0000'1000, 8, FF_SCRIPT_ENTRY | 0x456}};
    const std::string frames(reinterpret_cast<const char*>(script), sizeof script);
    const Record record = stack_record(event, 3, frames);
    const auto taken = decoded<StackTaken>(record);
    EXPECT_EQ(taken.runtime, Runtime::kCpython);
    EXPECT_EQ(taken.script_stop, ScriptStop::TOO_DEEP);
    ASSERT_EQ(taken.script.size(), 2U);
    EXPECT_EQ(taken.script[0], (RawScriptFrame{0x7f00'1234'5678, 62, 0x123, false}));
    EXPECT_EQ(taken.script[1], (RawScriptFrame{0x7f00'0000'1000, 8, 0x456, true}));
    EXPECT_FALSE(decode(raw(stack_record(event, 3, frames.substr(1)))));

    event.copied = 4;
    const std::string room(2 * FF_STACK_DEPTH * sizeof(std::uint64_t), '\0');
    const std::string rest((FF_SCRIPT_DEPTH - 2) * sizeof(ff_script_frame) + FF_REGISTERS * sizeof(std::uint64_t), '\0');
    const Record copied = record_of(event, FF_EVENT_STACK, 9, room + frames + rest + "copy");
    ASSERT_EQ(decoded<StackTaken>(copied).script.size(), 2U);
    EXPECT_EQ(decoded<StackTaken>(copied).script[1].position, 8U);
    EXPECT_EQ(decoded<StackTaken>(copied).copied[0], std::byte{'c'});
}

TEST(Decoder, AStackOfAnUnknownRuntimeOrWithTooManyScriptFramesIsMalformed) {
    constexpr std::uint64_t kPlenty = 600;
    ff_stack_event event{};
    event.script_frames = FF_SCRIPT_DEPTH;
    EXPECT_TRUE(decode(raw(stack_record(event, kPlenty))));
    event.script_frames = FF_SCRIPT_DEPTH + 1;
    EXPECT_FALSE(decode(raw(stack_record(event, kPlenty))));
    event = {};
    event.runtime = 200;
    EXPECT_FALSE(decode(raw(stack_record(event, 0))));
    event = {};
    event.script_stop = FF_SCRIPT_STOPS;
    EXPECT_FALSE(decode(raw(stack_record(event, 0))));
}

// Raw files keep what older footfalls recorded.
TEST(Decoder, AStackOfBeforeThereWereScriptFramesIsRead) {
    ff_stack_event event{};
    event.pid = 42;
    event.user_frames = 1;
    event.copied = 4;
    constexpr std::size_t kUnscripted = offsetof(ff_stack_event, runtime);
    event.event = {FF_EVENT_UNSCRIPTED, 0, 0, 9};
    std::string bytes(reinterpret_cast<const char*>(&event), kUnscripted);
    bytes += std::string((2 * FF_STACK_DEPTH + FF_REGISTERS) * sizeof(std::uint64_t), '\1') + "copy";
    Record record(bytes.size());
    const auto size = static_cast<std::uint32_t>(bytes.size());
    std::memcpy(bytes.data() + offsetof(ff_event, size), &size, sizeof size);
    std::memcpy(record.data(), bytes.data(), bytes.size());
    const auto taken = decoded<StackTaken>(record);
    EXPECT_EQ(taken.pid, Pid{42});
    EXPECT_EQ(taken.user.size(), 1U);
    EXPECT_EQ(taken.script.size(), 0U);
    EXPECT_EQ(taken.copied.size(), 4U);
    EXPECT_EQ(taken.copied[0], std::byte{'c'});
}

TEST(Decoder, AStackThatSaysMoreThanItHoldsIsMalformed) {
    ff_stack_event event{};
    event.kernel_frames = 2;
    event.user_frames = 2;
    EXPECT_TRUE(decode(raw(stack_record(event, 4))));
    EXPECT_FALSE(decode(raw(stack_record(event, 3))));
    event.copied = 4;
    EXPECT_FALSE(decode(raw(stack_record(event, kRoomOfFrames + FF_REGISTERS, "abc"))));
    event.copied = std::numeric_limits<std::uint32_t>::max();
    EXPECT_FALSE(decode(raw(stack_record(event, kRoomOfFrames + FF_REGISTERS, "abc"))));

    constexpr std::uint64_t kPlenty = 600;
    for (const auto field : {&ff_stack_event::kernel_frames, &ff_stack_event::user_frames}) {
        ff_stack_event deep{};
        deep.*field = FF_STACK_DEPTH;
        EXPECT_TRUE(decode(raw(stack_record(deep, kPlenty))));
        deep.*field = FF_STACK_DEPTH + 1;
        EXPECT_FALSE(decode(raw(stack_record(deep, kPlenty)))) << "more frames than are ever kept";
    }
}

TEST(Decoder, AStackOfAnUnknownStateOrStopIsMalformed) {
    ff_stack_event event{};
    event.state = FF_STACK_CALLED + 1;
    EXPECT_FALSE(decode(raw(stack_record(event, 0))));
    event = {};
    event.stop = FF_STOP_REASONS;
    EXPECT_FALSE(decode(raw(stack_record(event, 0))));
    event.stop = FF_STOP_REASONS - 1;
    EXPECT_TRUE(decode(raw(stack_record(event, 0))));
}

TEST(Decoder, EveryCutOfAStackOrTheEndOfAWaitIsMalformed) {
    ff_stack_event event{};
    event.kernel_frames = event.user_frames = 2;
    event.copied = 3;
    const Record stack = stack_record(event, kRoomOfFrames + FF_REGISTERS, "abc");
    const Record waited = record_of(ff_waited_event{}, FF_EVENT_WAITED, 1);
    for (const Record& whole : {stack, waited}) {
        for (std::size_t length = 0; length < whole.size(); ++length) {
            Record cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
            EXPECT_FALSE(decode(raw(cut))) << length;
            if (length < sizeof(ff_event)) continue;
            // Also where the record knows how short it is.
            const auto size = static_cast<std::uint32_t>(length);
            std::memcpy(cut.data() + offsetof(ff_event, size), &size, sizeof size);
            EXPECT_FALSE(decode(raw(cut))) << length;
        }
    }
}

TEST(Decoder, TheEndOfAWaitSaysHowLongItWas) {
    ff_waited_event event{};
    event.pid = 42;
    event.tid = 43;
    event.wait = 77;
    event.blocked_ns = 1000;
    event.queued_ns = 30;
    const auto ended = decoded<WaitEnded>(record_of(event, FF_EVENT_WAITED, 9));
    EXPECT_EQ(ended.time.nanoseconds, 9U);
    EXPECT_EQ(ended.pid, Pid{42});
    EXPECT_EQ(ended.tid, Tid{43});
    EXPECT_EQ(ended.wait, 77U);
    EXPECT_EQ(ended.blocked_nanoseconds, 1000U);
    EXPECT_EQ(ended.queued_nanoseconds, 30U);
}

// Reads all that the event refers to, so that a sanitizer sees where it leads.
std::uint64_t touched(const Event& event) {
    std::uint64_t sum = 0;
    const auto add = [&](const auto& bytes) {
        for (const auto byte : bytes) sum += static_cast<std::uint64_t>(byte);
    };
    if (const auto* message = std::get_if<Message>(&event)) {
        add(message->front);
        add(message->back);
    }
    if (const auto* taken = std::get_if<StackTaken>(&event)) {
        add(taken->thread);
        add(taken->copied);
        for (std::size_t i = 0; i < taken->registers.size(); ++i) sum += taken->registers[i];
        for (std::size_t i = 0; i < taken->kernel.size(); ++i) sum += taken->kernel[i];
        for (std::size_t i = 0; i < taken->user.size(); ++i) sum += taken->user_frame(i).address;
        for (std::size_t i = 0; i < taken->script.size(); ++i) sum += taken->script[i].function;
    }
    return sum;
}

TEST(Decoder, AStackOfACallSaysOfWhichFunctionAndForHowMany) {
    ff_stack_event event{};
    event.state = FF_STACK_CALLED;
    event.weight = 3 * 65536 / 2;
    event.wait = FF_CALLED(3, 1234);
    const auto taken = decoded<StackTaken>(stack_record(event, 0));
    EXPECT_EQ(taken.state, StackState::kCalled);
    EXPECT_EQ(taken.waits, 1.5);
    EXPECT_EQ(taken.called, (CalledFunction{3, 1234}));
}

TEST(Decoder, CallsOfFunctionsAreOfAProbeAndAThread) {
    struct {
        ff_calls_event event;
        ff_called called[2];
    } calls{};
    calls.event.pid = 4;
    calls.event.tid = 5;
    calls.event.sleeps = 6;
    calls.event.count = 2;
    calls.called[0] = {FF_CALLED(3, 1234), 9};
    calls.called[1] = {FF_CALLED(FF_MOST_CALLED_PROBES - 1, (1 << FF_PROBE_SHIFT) - 1), 1};
    static_assert(offsetof(decltype(calls), event) == 0);
    Record record(sizeof calls);
    std::memcpy(record.data(), &calls, sizeof calls);
    const ff_event header{FF_EVENT_CALLS, 0, sizeof calls, 77};
    std::memcpy(record.data(), &header, sizeof header);
    const auto told = decoded<CallsTold>(record);
    EXPECT_EQ(told.time, MonotonicTime{77});
    EXPECT_EQ(told.tid, Tid{5});
    EXPECT_EQ(told.sleeps, 6);
    ASSERT_EQ(told.called.size(), 2U);
    EXPECT_EQ(told.called[0].function.probe, 3U);
    EXPECT_EQ(told.called[0].function.function, 1234U);
    EXPECT_EQ(told.called[0].calls, 9U);
    EXPECT_EQ(told.called[1].function.probe, 4095U);
    EXPECT_EQ(told.called[1].function.function, 0xfffffU);

    const std::uint16_t one_too_many = 3;
    std::memcpy(record.data() + offsetof(ff_calls_event, count), &one_too_many, sizeof one_too_many);
    EXPECT_FALSE(decode(raw(record)));
}

TEST(Decoder, RandomBytesNeverReachOutsideTheRecord) {
    std::mt19937_64 random(1);
    int stacks = 0;
    for (int i = 0; i < 20'000; ++i) {
        Record record(16 + random() % 6000);
        for (std::byte& byte : record) byte = static_cast<std::byte>(random());
        const auto kind = static_cast<std::uint16_t>(1 + random() % 35);
        const ff_event header{kind, 0, static_cast<std::uint32_t>(record.size()), 1};
        std::memcpy(record.data(), &header, sizeof(header));
        if (kind == FF_EVENT_STACK && record.size() >= sizeof(ff_stack_event)) {
            // Likely enough to be taken.
            record[offsetof(ff_stack_event, state)] = static_cast<std::byte>(random() % 3);
            record[offsetof(ff_stack_event, stop)] = static_cast<std::byte>(random() % FF_STOP_REASONS);
            record[offsetof(ff_stack_event, runtime)] = static_cast<std::byte>(random() % 2);
            record[offsetof(ff_stack_event, script_stop)] = static_cast<std::byte>(random() % FF_SCRIPT_STOPS);
            const auto copied = static_cast<std::uint32_t>(random() % 1000);
            std::memcpy(record.data() + offsetof(ff_stack_event, copied), &copied, sizeof copied);
        }
        const auto event = decode(raw(record));
        if (!event) continue;
        touched(*event);
        const auto* begin = reinterpret_cast<const char*>(record.data());
        const char* const end = begin + record.size();
        const auto* message = std::get_if<Message>(&*event);
        if (message != nullptr && !message->front.empty()) {
            EXPECT_GE(message->front.data(), begin);
            EXPECT_LE(message->back.data() + message->back.size(), end);
        }
        const auto* taken = std::get_if<StackTaken>(&*event);
        if (taken == nullptr) continue;
        ++stacks;
        const auto* copied = reinterpret_cast<const char*>(taken->copied.data());
        EXPECT_GE(copied, begin);
        EXPECT_LE(copied + taken->copied.size(), end);
    }
    EXPECT_GT(stacks, 10) << "hardly anything was tried";
}

}  // namespace
}  // namespace footfall
