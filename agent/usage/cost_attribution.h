// Which exchange a thread's time was spent on: Message → the costs of operations.
//
// Every message says how long its thread has run so far. The time between two messages of a thread is a stretch, and belongs
// to an exchange that the thread serves:
//   - up to its first wait, to the exchange of the message that began the stretch;
//   - after its last wait, to the exchange of the message that ends it;
//   - without a wait, to the one of its end if that is a response, and else to the one of its beginning;
//   - between two waits, to the one of both ends if it is the same and still open; or to that of a response whose request
//     another thread has read, which handed it over; or else to nobody.
// The exchange of a message is that of its connection, where the service was called. Where the service calls, what it sends
// belongs to the exchange that the thread serves, and what it gets back to the exchange that it was sent for. What a thread
// does behind its response, up to its next wait, belongs to that operation still.
//
// So a program with a thread for each exchange is told exactly. In an event loop, what runs between two messages without a
// wait can be of two exchanges: it counts to one of them. Exchanges that end with one message share what they cost evenly.
//
// Time that belongs to nobody is in the service's own CPU time (service_cpu.h) and in no operation's.
// Thread: the one that owns the pipeline's state. Bounded by the connections that are open, and in threads: past the limit
// all are forgotten and begin anew, at the price of a stretch of each.
#pragma once

#include <tsl/robin_map.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "agent/base/ids.h"
#include "agent/pipeline/stages.h"
#include "agent/usage/thread_stretch.h"
#include "agent/usage/usage_table.h"

namespace footfall {

class CostAttribution {
public:
    // usage outlives it.
    explicit CostAttribution(UsageTable& usage, std::size_t most_threads = 65536)
        : usage_(usage), most_threads_(most_threads) {}

    // A message of an open connection, before its bytes are read; message_read() follows, behind the uses that it ended.
    void on_message(const Message& message);
    void on_use(ConnectionId connection, const Use& use);
    void message_read();

    void on_connection_gone(ConnectionId connection) { served_.erase(connection); }

    [[nodiscard]] std::size_t threads() const { return threads_.size(); }
    [[nodiscard]] std::size_t connections() const { return served_.size(); }

private:
    struct Hash {
        // The kernel side numbers connections per CPU: the bits that differ may be anywhere.
        std::size_t operator()(ConnectionId id) const {
            const std::uint64_t mixed = footfall::number(id) * 0x9E3779B97F4A7C15;
            return mixed ^ (mixed >> 32U);
        }
    };

    // One of the exchanges of a connection: those that are open at once are one.
    struct Serving {
        ConnectionId connection{};
        std::uint32_t number = 0;
        bool operator==(const Serving&) const = default;
    };

    struct Thread {
        Pid pid{};
        ThreadTimes times;
        std::optional<Serving> serves;
    };

    struct Ended {
        OperationId operation{};
        std::uint32_t count = 1;
        std::uint64_t duration = 0;  // of each, in nanoseconds
    };

    struct Connection {
        Role role = Role::kServer;
        bool open = false;         // a request is being served
        std::uint32_t number = 0;  // of exchanges so far
        Tid read_by{};
        ThreadCost cost;  // of what is open
        std::vector<Ended> ended;
        std::optional<OperationId> last;  // that ended
        std::optional<Serving> cause;     // of what was sent last, where the service calls
    };

    enum class StepKind : std::uint8_t { kRequest, kResponse, kOther };

    // What a message means for its thread.
    struct Step {
        StepKind kind = StepKind::kOther;
        Tid tid{};
        std::optional<Serving> before;
        std::optional<Serving> after;
    };

    [[nodiscard]] static StepKind kind_of(const Message& message, const Connection& connection);
    [[nodiscard]] std::optional<Serving> serving_after(const Step& step, const Message& message,
                                                       Connection& connection) const;
    [[nodiscard]] bool is_open(const std::optional<Serving>& serving) const;
    [[nodiscard]] std::optional<Serving> owner_between(const Stretch& stretch, const Step& step) const;
    void book(const Stretch& stretch, const Step& step);
    void add(const std::optional<Serving>& serving, const ThreadCost& cost);
    void share_out(Connection& connection);

    UsageTable& usage_;
    std::size_t most_threads_;
    tsl::robin_map<std::uint32_t, Thread> threads_;  // by tid
    tsl::robin_map<ConnectionId, Connection, Hash> served_;
    std::optional<ConnectionId> reading_;
};

}  // namespace footfall
