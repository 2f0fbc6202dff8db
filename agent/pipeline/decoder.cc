#include "agent/pipeline/decoder.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "agent/protocols/protocol_table.h"
#include "bpf/contract/call_events.h"
#include "bpf/contract/file_events.h"
#include "bpf/contract/process_events.h"
#include "bpf/contract/socket_events.h"
#include "bpf/contract/stack_events.h"

namespace footfall {
namespace {

static_assert(FF_FRAME_MODULE_SHIFT == 48, "StackTaken::user_frame() splits frames there");
static_assert(sizeof(ff_script_frame) == ScriptFrameList::kFrameBytes && FF_SCRIPT_ENTRY == std::uint32_t{1} << 31U,
              "ScriptFrameList reads them so");

// A copy of the record's fixed part: raw files promise no alignment. Older footfalls ended some records sooner: what lies
// beyond `least` bytes may be missing, and is zero then.
template <typename Record>
std::optional<Record> fixed_part(RawEvent raw, std::size_t least = sizeof(Record)) {
    if (raw.bytes.size() < least) return std::nullopt;
    Record record{};
    std::memcpy(&record, raw.bytes.data(), std::min(raw.bytes.size(), sizeof(Record)));
    return record;
}

std::string_view variable_part(RawEvent raw, std::size_t offset) {
    return {reinterpret_cast<const char*>(raw.bytes.data()) + offset, raw.bytes.size() - offset};
}

// The text of a fixed-size field, which need not end with a zero; it must lie in raw, not in a copy.
std::string_view text_field(RawEvent raw, std::size_t offset, std::size_t size) {
    const std::string_view field = variable_part(raw, offset).substr(0, size);
    return field.substr(0, field.find('\0'));
}

std::optional<AddressFamily> family_of(std::uint16_t family) {
    switch (family) {
        case AF_INET:
            return AddressFamily::kIpv4;
        case AF_INET6:
            return AddressFamily::kIpv6;
        case AF_UNIX:
            return AddressFamily::kUnix;
        default:
            return std::nullopt;
    }
}

std::optional<CloseReason> close_reason_of(std::uint32_t reason) {
    switch (reason) {
        case FF_CLOSE_LOCAL:
            return CloseReason::kLocal;
        case FF_CLOSE_PEER:
            return CloseReason::kPeer;
        case FF_CLOSE_RESET:
            return CloseReason::kReset;
        case FF_CLOSE_TIMEOUT:
            return CloseReason::kTimeout;
        default:
            return std::nullopt;
    }
}

std::optional<BlindReason> blind_reason_of(std::uint32_t reason) {
    switch (reason) {
        case FF_BLIND_TLS:
            return BlindReason::kTls;
        case FF_BLIND_IO_URING:
            return BlindReason::kIoUring;
        case FF_BLIND_UNKNOWN:
            return BlindReason::kUnknown;
        default:
            return std::nullopt;
    }
}

std::optional<Event> decode_connection(RawEvent raw) {
    const auto record = fixed_part<ff_connection_event>(raw);
    const auto family = record ? family_of(record->family) : std::nullopt;
    if (!family) return std::nullopt;
    ConnectionSeen seen{
        .time = {record->event.time_ns},
        .connection = ConnectionId{record->connection},
        .pid = Pid{record->pid},
        .uid = Uid{record->uid},
        .family = *family,
        .local = {},
        .peer = {},
        .peer_pid = Pid{record->peer_pid},
        .peer_uid = Uid{record->peer_uid},
        .path = text_field(raw, offsetof(ff_connection_event, path), FF_UNIX_PATH_LENGTH),
        .inode = record->inode,
        .comm = text_field(raw, offsetof(ff_connection_event, comm), FF_COMM_LENGTH),
        .opened_before = record->opened_before != 0,
    };
    std::copy_n(record->local, 16, seen.local.address.begin());
    std::copy_n(record->peer, 16, seen.peer.address.begin());
    seen.local.port = record->local_port;
    seen.peer.port = record->peer_port;
    return seen;
}

ThreadTimes thread_times_of(const ff_thread_times& times) {
    return {times.cpu_ns, times.queued_ns, times.run_ns, times.sleeps, times.preempted};
}

std::optional<Event> decode_message(RawEvent raw, std::uint16_t kind) {
    const bool timed = kind == FF_EVENT_MESSAGE;
    const std::size_t fixed = timed ? sizeof(ff_message_event) : offsetof(ff_message_event, thread);
    const auto record = fixed_part<ff_message_event>(raw, fixed);
    if (!record || record->direction > FF_SENT) return std::nullopt;
    const std::string_view payload = variable_part(raw, fixed);
    const std::uint64_t captured = std::uint64_t{record->captured} + record->tail;
    if (captured > record->length || captured > payload.size()) return std::nullopt;
    const std::optional<Protocol> protocol = protocol_of(record->protocol);
    if (!protocol && record->protocol != FF_PROTOCOL_UNDECIDED) return std::nullopt;
    return Message{
        .time = {record->event.time_ns},
        .connection = ConnectionId{record->connection},
        .pid = Pid{record->pid},
        .tid = Tid{record->tid},
        .direction = record->direction == FF_SENT ? Direction::kSent : Direction::kReceived,
        .protocol = protocol,
        .position = record->position,
        .length = record->length,
        .front = payload.substr(0, record->captured),
        .back = payload.substr(record->captured, record->tail),
        .thread = timed && record->thread.cpu_ns != 0 ? std::optional(thread_times_of(record->thread)) : std::nullopt,
    };
}

std::optional<Event> decode_close(RawEvent raw) {
    const auto record = fixed_part<ff_close_event>(raw, offsetof(ff_close_event, position));
    const auto reason = record ? close_reason_of(record->reason) : std::nullopt;
    if (!reason) return std::nullopt;
    return ConnectionClosed{{record->event.time_ns},
                            ConnectionId{record->connection},
                            *reason,
                            record->extent != FF_CLOSED_HALF,
                            record->extent == FF_CLOSED_HELD,
                            {record->position[FF_RECEIVED], record->position[FF_SENT]}};
}

std::optional<Event> decode_blind(RawEvent raw) {
    const auto record = fixed_part<ff_blind_event>(raw);
    const auto reason = record ? blind_reason_of(record->reason) : std::nullopt;
    if (!reason) return std::nullopt;
    return Blind{{record->event.time_ns}, ConnectionId{record->connection}, Pid{record->pid}, *reason};
}

std::optional<Event> decode_plaintext(RawEvent raw) {
    const auto record = fixed_part<ff_plaintext_event>(raw);
    if (!record) return std::nullopt;
    return PlaintextBegun{
        {record->event.time_ns}, ConnectionId{record->connection}, Pid{record->pid}, record->opened_before != 0};
}

ProcessExited decode_exited(RawEvent raw, const ff_process_event& record) {
    ProcessExited exited{{record.event.time_ns}, Pid{record.pid}, record.exit_code, std::nullopt};
    if (const auto whole = fixed_part<ff_exited_event>(raw)) exited.cpu_nanoseconds = whole->cpu_ns;
    return exited;
}

ProcessExecuted decode_executed(RawEvent raw, const ff_process_event& record) {
    ProcessExecuted executed{
        .time = {record.event.time_ns},
        .pid = Pid{record.pid},
        .comm = text_field(raw, offsetof(ff_process_event, comm), FF_COMM_LENGTH),
        .proposed = record.exit_code != 0,
        .uid = Uid{record.uid},
        .parent = Pid{record.parent},
    };
    if (raw.bytes.size() < sizeof(ff_executed_event)) return executed;
    executed.path = text_field(raw, offsetof(ff_executed_event, path), FF_PATH_MOST);
    executed.arguments = variable_part(raw, offsetof(ff_executed_event, arguments)).substr(0, FF_ARGUMENTS_MOST);
    return executed;
}

std::optional<Event> decode_process(RawEvent raw, std::uint16_t kind) {
    const auto record = fixed_part<ff_process_event>(raw);
    if (!record) return std::nullopt;
    const MonotonicTime time{record->event.time_ns};
    switch (kind) {
        case FF_EVENT_FORK:
            return ProcessForked{time, Pid{record->pid}, Pid{record->parent}};
        case FF_EVENT_EXEC:
            return decode_executed(raw, *record);
        default:
            return decode_exited(raw, *record);
    }
}

std::optional<Event> decode_opened(RawEvent raw) {
    constexpr std::size_t kFixed = offsetof(ff_opened_event, names);
    if (raw.bytes.size() < kFixed) return std::nullopt;
    ff_opened_event record{};
    std::memcpy(&record, raw.bytes.data(), kFixed);
    const std::string_view names = variable_part(raw, kFixed);
    if (record.names_length > names.size()) return std::nullopt;
    return FileOpened{
        .time = {record.event.time_ns},
        .pid = Pid{record.pid},
        .tid = Tid{record.tid},
        .uid = Uid{record.uid},
        .flags = record.flags,
        .error = record.error,
        .names = names.substr(0, record.names_length),
        .cut = record.cut != 0,
    };
}

std::optional<Event> decode_described(RawEvent raw) {
    const auto record = fixed_part<ff_described_event>(raw);
    if (!record) return std::nullopt;
    std::string_view text = variable_part(raw, sizeof(ff_described_event));
    if (record->text_length > text.size()) return std::nullopt;
    text = text.substr(0, record->text_length);
    std::array<std::string_view, 3> fields;
    for (std::string_view& field : fields) {
        const std::size_t end = text.find('\0');
        if (end == std::string_view::npos) return std::nullopt;
        field = text.substr(0, end);
        text.remove_prefix(end + 1);
    }
    return ProcessDescribed{Pid{record->pid}, fields[0], fields[1], fields[2]};
}

CalledFunction called_function(std::uint32_t called) {
    constexpr std::uint32_t kFunction = (std::uint32_t{1} << FF_PROBE_SHIFT) - 1;
    return {called >> FF_PROBE_SHIFT, called & kFunction};
}

std::optional<StackState> stack_state_of(std::uint8_t state) {
    switch (state) {
        case FF_STACK_RUNNING:
            return StackState::kRunning;
        case FF_STACK_BLOCKED:
            return StackState::kBlocked;
        case FF_STACK_QUEUED:
            return StackState::kQueued;
        case FF_STACK_CALLED:
            return StackState::kCalled;
        default:
            return std::nullopt;
    }
}

std::optional<Runtime> runtime_of(std::uint8_t runtime) {
    switch (runtime) {
        case FF_RUNTIME_NONE:
            return Runtime::kNone;
        case FF_RUNTIME_CPYTHON:
            return Runtime::kCpython;
        case FF_RUNTIME_HOTSPOT:
            return Runtime::kHotspot;
        default:
            return std::nullopt;
    }
}

// The record's fixed part, of which older footfalls knew nothing of scripts.
std::optional<ff_stack_event> stack_of(RawEvent raw, std::uint16_t kind) {
    if (kind == FF_EVENT_STACK) return fixed_part<ff_stack_event>(raw);
    constexpr std::size_t kUnscripted = offsetof(ff_stack_event, runtime);
    if (raw.bytes.size() < kUnscripted) return std::nullopt;
    ff_stack_event record{};
    std::memcpy(&record, raw.bytes.data(), kUnscripted);
    return record;
}

bool is_possible(const ff_stack_event& record) {
    return record.stop < FF_STOP_REASONS && record.script_stop < FF_SCRIPT_STOPS && record.kernel_frames <= FF_STACK_DEPTH &&
           record.user_frames <= FF_STACK_DEPTH && record.script_frames <= FF_SCRIPT_DEPTH;
}

// Behind a stack's fixed part, in bytes.
struct StackParts {
    std::size_t kernel = 0;
    std::size_t user = 0;
    std::size_t script_at = 0;
    std::size_t script = 0;
    std::size_t registers_at = 0;
    std::size_t registers = 0;

    [[nodiscard]] std::size_t end() const { return registers_at + registers; }
};

StackParts parts_of(const ff_stack_event& record, std::uint16_t kind) {
    constexpr std::size_t kRoom = std::size_t{2} * FF_STACK_DEPTH * sizeof(std::uint64_t);
    constexpr std::size_t kScriptRoom = FF_SCRIPT_DEPTH * sizeof(ff_script_frame);
    const bool copied = record.copied != 0;
    StackParts parts;
    parts.kernel = record.kernel_frames * sizeof(std::uint64_t);
    parts.user = record.user_frames * sizeof(std::uint64_t);
    parts.script_at = copied ? kRoom : parts.kernel + parts.user;
    parts.script = record.script_frames * sizeof(ff_script_frame);
    parts.registers_at = parts.script_at + (copied && kind == FF_EVENT_STACK ? kScriptRoom : parts.script);
    parts.registers = copied ? FF_REGISTERS * sizeof(std::uint64_t) : 0;
    return parts;
}

std::optional<Event> decode_stack(RawEvent raw, std::uint16_t kind) {
    constexpr double kWeightOne = 65536;
    const auto record = stack_of(raw, kind);
    const auto state = record ? stack_state_of(record->state) : std::nullopt;
    const auto runtime = record ? runtime_of(record->runtime) : std::nullopt;
    if (!state || !runtime || !is_possible(*record)) return std::nullopt;
    const std::size_t fixed = kind == FF_EVENT_STACK ? sizeof(ff_stack_event) : offsetof(ff_stack_event, runtime);
    const std::span<const std::byte> behind = raw.bytes.subspan(fixed);
    const StackParts parts = parts_of(*record, kind);
    if (parts.end() > behind.size() || record->copied > behind.size() - parts.end()) return std::nullopt;
    const bool running = *state == StackState::kRunning;
    return StackTaken{
        .time = {record->event.time_ns},
        .pid = Pid{record->pid},
        .tid = Tid{record->tid},
        .state = *state,
        .stop = static_cast<StopReason>(record->stop),
        .nanoseconds = running ? record->weight : 0,
        .waits = running ? 0 : static_cast<double>(record->weight) / kWeightOne,
        .wait = record->wait,
        .called =
            *state == StackState::kCalled ? called_function(static_cast<std::uint32_t>(record->wait)) : CalledFunction(),
        .sleeps = record->sleeps,
        .system_call = record->system_call,
        .thread = text_field(raw, offsetof(ff_stack_event, comm), FF_COMM_LENGTH),
        .kernel = FrameList(behind.first(parts.kernel)),
        .user = FrameList(behind.subspan(parts.kernel, parts.user)),
        .guessed = {record->guessed[0], record->guessed[1]},
        .copied = behind.subspan(parts.end(), record->copied),
        .copied_below = record->copied_below,
        .ip = record->instruction_pointer,
        .registers = FrameList(behind.subspan(parts.registers_at, parts.registers)),
        .stack_start = record->stack_start,
        .runtime = *runtime,
        .script_stop = static_cast<ScriptStop>(record->script_stop),
        .script = ScriptFrameList(behind.subspan(parts.script_at, parts.script)),
    };
}

std::optional<Event> decode_waited(RawEvent raw) {
    const auto record = fixed_part<ff_waited_event>(raw);
    if (!record) return std::nullopt;
    return WaitEnded{{record->event.time_ns}, Pid{record->pid}, Tid{record->tid}, record->wait,
                     record->blocked_ns,      record->queued_ns};
}

std::optional<Event> decode_calls(RawEvent raw) {
    const auto record = fixed_part<ff_calls_event>(raw);
    const std::span<const std::byte> behind = raw.bytes.subspan(std::min(raw.bytes.size(), sizeof(ff_calls_event)));
    if (!record || record->count > behind.size() / sizeof(ff_called)) return std::nullopt;
    CallsTold told{{record->event.time_ns}, Pid{record->pid}, Tid{record->tid}, record->sleeps, {}};
    for (std::size_t i = 0; i < record->count; ++i) {
        ff_called called{};
        std::memcpy(&called, behind.data() + i * sizeof called, sizeof called);
        told.called.push_back({called_function(called.function), called.calls});
    }
    return told;
}

}  // namespace

RawEvent trimmed(RawEvent raw) {
    const auto event = fixed_part<ff_event>(raw);
    if (!event || event->size < sizeof(ff_event) || event->size > raw.bytes.size()) return {};
    return {raw.bytes.first(event->size)};
}

std::optional<Event> decode(RawEvent raw) {
    raw = trimmed(raw);
    const auto event = fixed_part<ff_event>(raw);
    if (!event) return std::nullopt;
    switch (event->kind) {
        case FF_EVENT_CONNECTION:
            return decode_connection(raw);
        case FF_EVENT_UNTIMED:
        case FF_EVENT_MESSAGE:
            return decode_message(raw, event->kind);
        case FF_EVENT_CLOSE:
            return decode_close(raw);
        case FF_EVENT_BLIND:
            return decode_blind(raw);
        case FF_EVENT_PLAINTEXT:
            return decode_plaintext(raw);
        case FF_EVENT_FORK:
        case FF_EVENT_EXEC:
        case FF_EVENT_EXIT:
            return decode_process(raw, event->kind);
        case FF_EVENT_OPENED:
            return decode_opened(raw);
        case FF_EVENT_UNSCRIPTED:
        case FF_EVENT_STACK:
            return decode_stack(raw, event->kind);
        case FF_EVENT_WAITED:
            return decode_waited(raw);
        case FF_EVENT_CALLS:
            return decode_calls(raw);
        case FF_EVENT_DESCRIBED:
            return decode_described(raw);
        default:
            return std::nullopt;
    }
}

}  // namespace footfall
