// The way of the data, as types. A stage can't be skipped because the next one needs its output:
//
//   bpf/probes → ring → RawEvent → Event ─┬→ Exchange → Use → UsageTable ─┬→ Snapshot → output/*
//                                         └→ Sample → StackProfile ───────┘
//
//   RawEvent   a record as it left the ring (or a raw file)            kernel/ring_reader, session/raw_reader
//   Event      the same, checked and typed                             pipeline/decoder
//   Exchange   a matched request and response                          connections/ + protocols/
//   Use        the exchange, named: operation, service, consumer       usage/namer; what it cost: usage/cost_attribution
//   Sample     a whole stack, and the time that it stands for          stacks/stack_collector
//   Snapshot   everything that exporters read, by value                usage/usage_table → output/snapshot
//
// Everything here is a plain value. Views (spans, string_views) point into the record being processed and are valid only
// until the call that received them returns. One thread owns all stages from RawEvent to UsageTable.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "agent/base/clock.h"
#include "agent/base/ids.h"
#include "agent/pipeline/script_stop.h"
#include "agent/pipeline/stop_reason.h"

namespace footfall {

// --- RawEvent -------------------------------------------------------------------------------------------------------

// The bytes of one record of bpf/contract, with struct ff_event in front.
struct RawEvent {
    std::span<const std::byte> bytes;
};

// --- Event ----------------------------------------------------------------------------------------------------------

enum class Direction : std::uint8_t { kReceived, kSent };
enum class AddressFamily : std::uint8_t { kIpv4, kIpv6, kUnix };

struct Endpoint {
    std::array<std::uint8_t, 16> address{};  // network order; IPv4 in the first four
    std::uint16_t port = 0;
};

struct ConnectionSeen {
    MonotonicTime time;
    ConnectionId connection{};
    Pid pid{};
    Uid uid{};
    AddressFamily family = AddressFamily::kIpv4;
    Endpoint local;
    Endpoint peer;
    Pid peer_pid{};  // Unix sockets only
    Uid peer_uid{};
    std::string_view path;    // Unix sockets only
    std::uint32_t inode = 0;  // Unix sockets only, as in /proc/net/unix
    std::string_view comm;
    bool opened_before = false;  // bytes had passed before the first one that footfall saw
};

// What a connection speaks: which reader its bytes need.
enum class Protocol : std::uint8_t {
#define FF_PROTOCOL(number, name, enumerator) enumerator = (number),
#include "bpf/contract/protocols.def"
#undef FF_PROTOCOL
};

// How a thread has fared so far: what it did between two messages is the difference (bpf/contract/socket_events.h).
struct ThreadTimes {
    std::uint64_t cpu_nanoseconds = 0;
    std::uint64_t queued_nanoseconds = 0;  // it could have run, and had no CPU
    std::uint64_t run_nanoseconds = 0;     // since it last came to a CPU
    std::uint32_t sleeps = 0;              // these two wrap around
    std::uint32_t preempted = 0;
};

// What one system call moved on a connection. front and back are what was captured of it: its first and its last bytes;
// the length - front - back bytes between them are known by number only.
struct Message {
    MonotonicTime time;
    ConnectionId connection{};
    Pid pid{};
    Tid tid{};
    Direction direction = Direction::kReceived;
    std::optional<Protocol> protocol;  // what the kernel side takes the connection for; none: it can't tell yet
    std::uint64_t position = 0;
    std::uint32_t length = 0;  // 0: the end of the stream was read
    std::string_view front;
    std::string_view back;
    std::optional<ThreadTimes> thread;  // raw files of before 2026-12 have none
};

enum class CloseReason : std::uint8_t { kLocal, kPeer, kReset, kTimeout };

struct ConnectionClosed {
    MonotonicTime time;
    ConnectionId connection{};
    CloseReason reason = CloseReason::kLocal;
    bool final = false;                       // both directions have ended
    bool held = false;                        // final, and the application may still read what came before
    std::array<std::uint64_t, 2> position{};  // by Direction: how many bytes had passed; 0: not known
};

enum class BlindReason : std::uint8_t {
    kTls,        // nobody looks into the process
    kTlsUnseen,  // its TLS library is looked into, and showed nothing
    kIoUring,
    kCompressed,
    kUnknown,  // it looks like no protocol that is read
};

// Traffic that is there and can't be read.
struct Blind {
    MonotonicTime time;
    ConnectionId connection{};
    Pid pid{};
    BlindReason reason = BlindReason::kTls;
};

// The messages of this connection are plaintext from now on, seen inside of its process: what was read of it before is void.
struct PlaintextBegun {
    MonotonicTime time;
    ConnectionId connection{};
    Pid pid{};
    bool opened_before = false;  // some may have passed before the first that is seen
};

struct ProcessForked {
    MonotonicTime time;
    Pid pid{};
    Pid parent{};
};

struct ProcessExecuted {
    MonotonicTime time;
    Pid pid{};
    std::string_view comm;
    bool proposed = false;  // it was not watched before; whether it is to be is the agent's to say
    Uid uid{};
    Pid parent{};                // 0: unknown
    std::string_view path;       // as it was asked for; empty: it is none of a command
    std::string_view arguments;  // as many as there was room for, each ended by a zero byte
};

struct ProcessExited {
    MonotonicTime time;
    Pid pid{};
    std::uint32_t wait_status = 0;  // as wait(2) reports it
    std::optional<std::uint64_t>
        cpu_nanoseconds;  // of all its threads, since it began; raw files of before 2026-12 have none
};

struct FileOpened {
    MonotonicTime time;
    Pid pid{};
    Tid tid{};
    Uid uid{};
    std::uint32_t flags = 0;  // of open(2)
    std::uint32_t error = 0;  // errno; 0: it is open
    std::string_view names;   // from the file up to the root, each ended by a zero byte (bpf/contract/file_events.h)
    bool cut = false;         // they do not reach the root
};

// What /proc said about a process when it was first met; only in raw files.
struct ProcessDescribed {
    Pid pid{};
    std::string_view service;
    std::string_view executable;
    std::string_view build_id;
};

// Where a thread is when its stack is taken.
enum class StackState : std::uint8_t {
    kRunning,  // on the CPU, when the clock ticked
    kBlocked,  // leaving it, to wait for something
    kQueued,   // leaving it though it could run: preempted
    kCalled,   // calling a function that is counted
};

// What interprets the programs that a process runs.
enum class Runtime : std::uint8_t { kNone, kCpython, kHotspot };

// One place of a user stack: an address, or a line of a function that an interpreter runs.
struct UserFrame {
    static constexpr std::uint16_t kScript = UINT16_MAX;  // above the number of any module

    std::uint16_t module = 0;   // 0: the address is absolute, in memory that no file is behind
    std::uint64_t address = 0;  // in the module, as ELF counts
    bool guessed = false;       // found by frame pointer, where no table was
    bool operator==(const UserFrame&) const = default;

    static UserFrame of_script(ScriptFunctionId function, std::uint32_t line) {
        return {kScript, std::uint64_t{number(function)} << 32U | line, false};
    }
    [[nodiscard]] bool is_script() const { return module == kScript; }
    [[nodiscard]] ScriptFunctionId function() const { return ScriptFunctionId{static_cast<std::uint32_t>(address >> 32U)}; }
    [[nodiscard]] std::uint32_t line() const { return static_cast<std::uint32_t>(address); }  // 0: not known
};

// A function of a script as the kernel side found it, without a name yet (bpf/contract/script_frames.h).
struct RawScriptFrame {
    std::uint64_t function = 0;  // address of the runtime's object for it
    std::uint32_t position = 0;  // of what runs, in the function
    std::uint32_t check = 0;     // made of the object
    bool entry = false;          // the outermost one that its native frame runs
    bool operator==(const RawScriptFrame&) const = default;
};

// Script frames as they stand in the record, innermost first.
class ScriptFrameList {
public:
    static constexpr std::size_t kFrameBytes = 16;

    ScriptFrameList() = default;
    explicit ScriptFrameList(std::span<const std::byte> bytes) : bytes_(bytes) {}

    [[nodiscard]] std::size_t size() const { return bytes_.size() / kFrameBytes; }
    [[nodiscard]] RawScriptFrame operator[](std::size_t index) const {
        constexpr std::uint32_t kEntry = std::uint32_t{1} << 31U;
        RawScriptFrame frame;
        const std::byte* from = bytes_.data() + index * kFrameBytes;
        std::memcpy(&frame.function, from, sizeof frame.function);
        std::memcpy(&frame.position, from + 8, sizeof frame.position);
        std::memcpy(&frame.check, from + 12, sizeof frame.check);
        frame.entry = (frame.check & kEntry) != 0;
        frame.check &= ~kEntry;
        return frame;
    }

private:
    std::span<const std::byte> bytes_;
};

// The addresses of a stack as they stand in the record, innermost first.
class FrameList {
public:
    FrameList() = default;
    explicit FrameList(std::span<const std::byte> bytes) : bytes_(bytes) {}

    [[nodiscard]] std::size_t size() const { return bytes_.size() / sizeof(std::uint64_t); }
    [[nodiscard]] std::uint64_t operator[](std::size_t index) const {
        std::uint64_t value = 0;
        std::memcpy(&value, bytes_.data() + index * sizeof value, sizeof value);
        return value;
    }

private:
    std::span<const std::byte> bytes_;
};

// One of the functions that are counted.
struct CalledFunction {
    std::uint32_t probe = 0;  // FunctionProbe::number()
    std::uint32_t function = 0;
    auto operator<=>(const CalledFunction&) const = default;
};

// A stack as the kernel side could walk it.
struct StackTaken {
    MonotonicTime time;
    Pid pid{};
    Tid tid{};
    StackState state = StackState::kRunning;
    StopReason stop = StopReason::OUTERMOST;
    std::uint64_t nanoseconds = 0;  // running: that it stands for
    double waits = 1;               // else: waits, or calls, that it stands for
    std::uint64_t wait = 0;         // else: which one of the thread
    CalledFunction called{};        // called: which function
    std::uint16_t sleeps = 0;       // the low bits of how often the thread went to wait, this wait included
    std::int32_t system_call = -1;
    std::string_view thread;  // its name
    FrameList kernel;
    FrameList user;  // as user_frame() reads them
    std::array<std::uint64_t, 2> guessed{};
    // Where the walk broke off for want of a table: the stack itself, and what to begin with.
    std::span<const std::byte> copied;
    std::uint32_t copied_below = 0;  // bytes of it that lie below the stack pointer
    std::uint64_t ip = 0;
    FrameList registers;  // by DWARF number
    std::uint64_t stack_start =
        0;  // where the program's stack begins: another one, and the process executes another program
    Runtime runtime = Runtime::kNone;  // that the kernel side knows of
    ScriptStop script_stop = ScriptStop::NONE;
    ScriptFrameList script;

    [[nodiscard]] UserFrame user_frame(std::size_t index) const {
        constexpr unsigned kModuleShift = 48;
        const std::uint64_t frame = user[index];
        return {static_cast<std::uint16_t>(frame >> kModuleShift), frame & ((std::uint64_t{1} << kModuleShift) - 1),
                (guessed[index / 64 % 2] >> (index % 64) & 1) != 0};
    }
};

// The wait that a stack led to is over.
struct WaitEnded {
    MonotonicTime time;
    Pid pid{};
    Tid tid{};
    std::uint64_t wait = 0;
    std::uint64_t blocked_nanoseconds = 0;  // until it was woken
    std::uint64_t queued_nanoseconds = 0;   // from then on, until it ran
};

// What a thread has called of the functions that are counted, since it said so last or since it waited, in no order.
struct CallsTold {
    struct Called {
        CalledFunction function;
        std::uint32_t calls = 0;
    };
    MonotonicTime time;
    Pid pid{};
    Tid tid{};
    std::uint16_t sleeps = 0;  // the low bits of how often the thread had gone to wait before
    std::vector<Called> called;
};

using Event = std::variant<ConnectionSeen, Message, ConnectionClosed, Blind, PlaintextBegun, ProcessForked, ProcessExecuted,
                           ProcessExited, ProcessDescribed, FileOpened, StackTaken, WaitEnded, CallsTold>;

// --- Exchange -------------------------------------------------------------------------------------------------------

// What an operation is, as users see it. Several protocols may carry one kind: HTTP/1 and HTTP/2 are both http.
enum class Kind : std::uint8_t {
#define FOOTFALL_KIND(enumerator, text, naming) enumerator,
#include "agent/pipeline/kinds.def"
#undef FOOTFALL_KIND
};

// The service was called (server), or it called (client).
enum class Role : std::uint8_t { kServer, kClient };

enum class Outcome : std::uint8_t { kOk, kError, kUnknown };

// The target of an exchange whose own can't be known: what named it passed before footfall came.
constexpr std::string_view kUnknownTarget = "{unknown}";

// One completed exchange on a connection, before it is named.
//   begin       first byte of the request: read by a server, handed to the kernel by a client
//   first_byte  first byte of the response: handed to the kernel by a server, read by a client
//   end         last byte of the response, likewise
// A server's `end - begin` is what it took the application; the time that a request waits in the socket buffer before the
// application reads it is not in it.
struct Exchange {
    Kind kind{};
    Role role = Role::kServer;
    Outcome outcome = Outcome::kUnknown;
    std::uint16_t status = 0;  // http: the status code; 0: none was seen, or the protocol has none
    ConnectionId connection{};
    Pid pid{};
    Tid tid{};                // that read (server) or wrote (client) the first byte of the request
    std::string_view method;  // http: as sent; else what is done: "SELECT", "GET"; empty where the target says it all
    std::string_view target;  // http: path, query included; naming removes it. Else to what: a table, an RPC's full name
    std::string_view call;    // http: what the body calls, where one path serves many operations (http_bodies/body_call.h)
    // Empty for ok; the protocol's own code, or what cut the exchange: "closed", "reset", "timeout".
    std::string_view error_type;
    MonotonicTime begin;
    MonotonicTime first_byte;  // not seen() if there was none
    MonotonicTime end;
    std::uint64_t bytes_in = 0;  // received by the process: a server's request, a client's response; heads included
    std::uint64_t bytes_out = 0;
    std::uint32_t count = 1;             // exchanges that were pipelined, and are equal in all of this, may come as one
    std::optional<ServiceId> service{};  // whose use it is; none: its process's
    bool tls = false;                    // the request says of itself that its client asks over TLS, as FastCGI's may
};

// --- Use ------------------------------------------------------------------------------------------------------------

// A named exchange: what the usage table counts. Text is interned, so a Use is a few words.
struct Use {
    ServiceId service{};
    OperationId operation{};  // kind + name, within the service and role
    Role role = Role::kServer;
    Outcome outcome = Outcome::kUnknown;
    std::uint16_t status = 0;
    std::string_view error_type;
    std::uint64_t consumer = 0;  // keyed hash of who used it; 0: unknown
    MonotonicTime begin;
    MonotonicTime first_byte;
    MonotonicTime end;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::uint32_t count = 1;   // of uses that are equal in all of this
    bool tls = false;          // it came, or went, over TLS
    std::uint64_t number = 0;  // of the session, from 1 on
};

}  // namespace footfall
