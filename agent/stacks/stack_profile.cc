#include "agent/stacks/stack_profile.h"

#include <algorithm>
#include <cstring>

namespace footfall {
namespace {

constexpr std::uint32_t kNoOperation = UINT32_MAX;
constexpr std::size_t kEntryBytes = 96;  // of the table, beside the packed stack

// What tells one stack from another, as bytes: the fixed part, the thread's name, the kernel's addresses, the user's frames.
struct PackedHead {
    std::uint32_t service;
    std::uint32_t operation;  // kNoOperation: none
    std::uint32_t pid;        // 0 unless an address has a meaning in this process only
    std::int32_t system_call;
    std::uint8_t state;
    std::uint8_t stop;
    std::uint8_t thread_length;
    std::uint8_t kernel_frames;
    std::uint32_t script_stop;
    CalledFunction called;
};

struct PackedFrame {
    std::uint64_t address;
    std::uint16_t module;
    std::uint16_t guessed;
    std::uint32_t reserved;
};

template <typename Value>
void append(std::string& bytes, const Value& value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <typename Value>
Value take(std::string_view& bytes) {
    Value value{};
    std::memcpy(&value, bytes.data(), sizeof value);
    bytes.remove_prefix(sizeof value);
    return value;
}

std::string pack(const Sample& sample) {
    const bool private_code =
        std::any_of(sample.user.begin(), sample.user.end(), [](const UserFrame& frame) { return frame.module == 0; });
    const std::string_view thread = std::string_view(sample.thread).substr(0, UINT8_MAX);
    std::string packed;
    packed.reserve(sizeof(PackedHead) + thread.size() + sample.kernel.size() * sizeof(std::uint64_t) +
                   sample.user.size() * sizeof(PackedFrame));
    const std::uint32_t operation = sample.operation ? number(*sample.operation) : kNoOperation;
    append(packed, PackedHead{number(sample.service), operation, private_code ? number(sample.pid) : 0, sample.system_call,
                              static_cast<std::uint8_t>(sample.state), static_cast<std::uint8_t>(sample.stop),
                              static_cast<std::uint8_t>(thread.size()), static_cast<std::uint8_t>(sample.kernel.size()),
                              static_cast<std::uint32_t>(sample.script_stop), sample.called});
    packed.append(thread);
    for (const std::uint64_t address : sample.kernel) append(packed, address);
    for (const UserFrame& frame : sample.user) {
        append(packed, PackedFrame{frame.address, frame.module, static_cast<std::uint16_t>(frame.guessed), 0});
    }
    return packed;
}

Sample unpack(std::string_view packed) {
    Sample sample;
    const auto head = take<PackedHead>(packed);
    sample.service = ServiceId{head.service};
    if (head.operation != kNoOperation) sample.operation = OperationId{head.operation};
    sample.pid = Pid{head.pid};
    sample.system_call = head.system_call;
    sample.state = static_cast<StackState>(head.state);
    sample.stop = static_cast<StopReason>(head.stop);
    sample.script_stop = static_cast<ScriptStop>(head.script_stop);
    sample.called = head.called;
    sample.thread = packed.substr(0, head.thread_length);
    packed.remove_prefix(head.thread_length);
    for (unsigned i = 0; i < head.kernel_frames; ++i) sample.kernel.push_back(take<std::uint64_t>(packed));
    while (!packed.empty()) {
        const auto frame = take<PackedFrame>(packed);
        sample.user.push_back({frame.module, frame.address, frame.guessed != 0});
    }
    return sample;
}

}  // namespace

void StackProfile::add(const Sample& sample) {
    ++stops_[static_cast<std::size_t>(sample.stop)];
    ++script_stops_[static_cast<std::size_t>(sample.script_stop)];
    user_frames_ += sample.user.size();
    const auto guessed = static_cast<std::uint64_t>(
        std::count_if(sample.user.begin(), sample.user.end(), [](const UserFrame& frame) { return frame.guessed; }));
    guessed_frames_ += guessed;
    if (sample.stop == StopReason::OUTERMOST && guessed != 0) ++complete_with_guesses_;
    if (sample.state == StackState::kBlocked || sample.state == StackState::kQueued) {
        ++waits_taken_;
        waits_in_all_ += sample.samples;
    }
    add_time(sample);
}

void StackProfile::add_time(const Sample& sample) {
    std::string packed = pack(sample);
    auto found = totals_.find(packed);
    if (found == totals_.end() && bytes_ + packed.size() + kEntryBytes > max_bytes_) {
        ++without_room_;
        Sample bare = sample;
        bare.thread.clear();
        bare.kernel.clear();
        bare.user.clear();
        // A running thread has any number that it likes in that register; one that waits is in a call that exists.
        if (bare.state != StackState::kBlocked) bare.system_call = -1;
        packed = pack(bare);
        found = totals_.find(packed);
    }
    if (found == totals_.end()) {
        bytes_ += packed.size() + kEntryBytes;
        found = totals_.emplace(std::move(packed), Totals{}).first;
    }
    Totals& totals = found.value();
    totals.samples += sample.samples;
    totals.nanoseconds += sample.nanoseconds;
}

void StackProfile::clear() { *this = StackProfile(max_bytes_); }

void StackProfile::for_each(const std::function<void(const Sample& sum)>& visit) const {
    for (const auto& [packed, totals] : totals_) {
        Sample sum = unpack(packed);
        sum.samples = totals.samples;
        sum.nanoseconds = totals.nanoseconds;
        visit(sum);
    }
}

}  // namespace footfall
