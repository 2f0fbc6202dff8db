// Which exchange a thread's time was spent on: Message → the costs of operations.
//
// Every message says how long its thread has run so far. The time between two messages of a thread is a stretch, and belongs
// to an exchange that the thread serves:
//   - up to its first wait, to the exchange of the message that began the stretch;
//   - after its last wait, to the exchange of the message that ends it;
//   - without a wait, to the one of its end if that is a response, and else to the one of its beginning;
//   - between two waits, to the one of both ends if it is the same and still open; or to that of a response whose request
//     another thread has read, which handed it over; or else to nobody.
// A thread of a pool that asks other services before it answers is known to serve an exchange only when it does: what it has
// done since it took up the job is kept until then, from one message to the next, over waits for what it asked for and no
// others, since behind another wait it may have taken up something else.
//
// The exchange of a message is that of its connection, where the service was called. Where the service calls, what it sends
// belongs to the exchange that the thread serves, and what it gets back to the exchange that it was sent for. What a thread
// does behind its response, up to its next wait, belongs to that operation still.
//
// So a program with a thread for each exchange is told exactly. In an event loop, what runs between two messages without a
// wait can be of two exchanges: it counts to one of them. Exchanges that end with one message share evenly what it took to
// make that message, and what else was done for their connection with those that are still open.
//
// Samples of a thread's stack belong where the stretch does that they were taken in: on the CPU, by which of the thread's
// waits lie before them and behind. A wait belongs to an exchange if it lies within it: the thread serves it before and
// after.
//
// Time that belongs to nobody is in the service's own CPU time (service_cpu.h) and in no operation's.
// Thread: the one that owns the pipeline's state. Bounded by the connections that are open, and in threads: past the limit
// all are forgotten and begin anew, at the price of a stretch of each.
#pragma once

#include <tsl/robin_map.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "agent/base/connection_hash.h"
#include "agent/base/ids.h"
#include "agent/pipeline/stages.h"
#include "agent/usage/thread_stretch.h"
#include "agent/usage/usage_table.h"

namespace footfall {

// When in the life of a thread something was noted, so that it is of the exchange that the thread served then.
struct ThreadMoment {
    Tid tid{};
    std::uint16_t sleeps = 0;  // the low bits of how often it has gone to wait by then, a wait that begins there included
    bool waits = false;        // one begins there
};

class CostAttribution {
public:
    using SampleId = std::uint64_t;
    // Hears once of each sample which operation it was taken in; none: of no operation, or it is not known.
    using OnSample = std::function<void(SampleId, std::optional<OperationId>)>;
    // Hears once what a server's use cost, each of those that came as one (Use.number).
    using OnCost = std::function<void(std::uint64_t use, std::uint64_t cpu_nanoseconds)>;

    static constexpr std::size_t kMostSamples = 8192;  // that wait for that; then all of them are of no operation
    // But for those from here on, whose number whoever makes them bounds.
    static constexpr SampleId kUncounted = std::uint64_t{1} << 63;

    // usage outlives it.
    explicit CostAttribution(UsageTable& usage, OnSample on_sample = {}, std::size_t most_threads = 65536)
        : usage_(usage), on_sample_(std::move(on_sample)), most_threads_(most_threads) {}

    void set_on_cost(OnCost on_cost) { on_cost_ = std::move(on_cost); }

    // A message of an open connection, before its bytes are read; message_read() follows, behind the uses that it ended.
    // still_open: exchanges of the connection.
    void on_message(const Message& message);
    void on_use(ConnectionId connection, const Use& use);
    void message_read(std::uint64_t still_open);

    void on_connection_gone(ConnectionId connection);

    // In the order of the thread's messages.
    void on_sample(SampleId id, const ThreadMoment& moment);
    // What is known of samples by now is all that there will be.
    void give_up_samples();

    [[nodiscard]] std::size_t threads() const { return threads_.size(); }
    [[nodiscard]] std::size_t connections() const { return served_.size(); }
    [[nodiscard]] std::size_t samples() const { return samples_; }

private:
    // One of the exchanges of a connection: those that are open at once are one.
    struct Serving {
        ConnectionId connection{};
        std::uint32_t number = 0;
        bool operator==(const Serving&) const = default;
    };

    // What was done for exchanges whose operations are not known yet.
    struct Account {
        ThreadCost cost;
        std::vector<SampleId> samples;
    };

    struct Taken {
        SampleId id = 0;
        std::uint16_t sleeps = 0;
        bool waits = false;
    };

    struct Thread {
        Pid pid{};
        ThreadTimes times;
        std::optional<Serving> serves;
        std::vector<Taken> samples{};         // since then
        std::optional<ConnectionId> asked{};  // another service, by its last message
        Account unclaimed{};                  // of what it may turn out to serve
    };

    struct Ended {
        OperationId operation{};
        std::uint32_t count = 1;
        std::uint64_t duration = 0;  // of each, in nanoseconds
        ThreadCost cost{};           // of all
        std::uint64_t use = 0;       // Use.number
    };

    struct Connection {
        Role role = Role::kServer;
        bool open = false;         // a request is being served
        std::uint32_t number = 0;  // of exchanges so far
        Tid read_by{};
        Account account;   // of what is open
        Account response;  // of the message that is being read, if it is one
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
    [[nodiscard]] bool is_handed_over(const Step& step) const;
    [[nodiscard]] std::optional<Serving> owner_between(const Stretch& stretch, const Step& step) const;
    [[nodiscard]] std::optional<Serving> owner_of(const Taken& taken, const ThreadTimes& from, const Stretch& stretch,
                                                  const Step& step) const;
    void book(const Stretch& stretch, const Step& step);
    void place_samples(Thread& thread, const Stretch& stretch, const Step& step, bool unclaimed);
    [[nodiscard]] bool keep_unclaimed(Thread& thread, const Stretch& stretch, const Step& step, bool was_answered);
    void give_up(std::vector<Taken>& samples);
    void give_up_from(SampleId first, SampleId last);
    void tell(SampleId id, std::optional<OperationId> operation);
    // Where time of an exchange goes: its account while it is open, else its operation while that is known, else neither.
    struct Place {
        Account* account = nullptr;
        std::optional<OperationId> ended;
    };
    [[nodiscard]] Place place_of(const std::optional<Serving>& serving, const Step& step);
    void add(const std::optional<Serving>& serving, const Step& step, const ThreadCost& cost);
    static void move(Account& from, Account& to);
    void drop(Account& account);
    void share_out(Connection& connection, std::uint64_t still_open);
    void share(Connection& connection, Account& account, std::uint64_t among);
    void forget(Connection& connection);
    void forget_threads();

    UsageTable& usage_;
    OnSample on_sample_;
    OnCost on_cost_;
    std::size_t most_threads_;
    tsl::robin_map<std::uint32_t, Thread> threads_;  // by tid
    tsl::robin_map<ConnectionId, Connection, ConnectionHash> served_;
    std::optional<ConnectionId> reading_;
    StepKind reading_kind_ = StepKind::kOther;
    Tid reading_by_{};
    std::size_t samples_ = 0;  // that somebody waits to hear of
};

}  // namespace footfall
