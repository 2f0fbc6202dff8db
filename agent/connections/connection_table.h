// Owns the state of every open connection and feeds its reader: Event → Exchange.
//
// on() tells what became of an event: nothing, if it was used, else the reason under which it has to be counted as dropped.
// The number of connections is limited. TCP connections say when they are gone; Unix connections don't, so they leave when
// their process exits, when somebody finds their socket gone (unix_sockets()), or when the table is full: then the one that
// was silent for longest is taken for closed. When a full table holds TCP connections only, those that were silent for a
// minute are.
//
// Which protocol a connection speaks is the kernel side's guess, by its first bytes; its reader may find the guess wrong and
// take it back.
//
// A connection that the peer has reset or that timed out lingers: the application may still read what came before, and
// learns of the end by its next call. Its exchanges end then, or a second later. So does one that both peers have ended
// while the application has its socket, and one of which the plaintext is seen: one thread of a program may close the socket
// while another one still returns from reading. Not thread-safe: it belongs to the thread that owns the pipeline.
#pragma once

#include <tsl/robin_map.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/connection_hash.h"
#include "agent/connections/stream.h"
#include "agent/pipeline/drop_reasons.h"
#include "agent/pipeline/stages.h"
#include "agent/protocols/prepared_names.h"
#include "agent/protocols/protocol.h"
#include "agent/protocols/protocol_table.h"

namespace footfall {

// What is known of an open connection: ConnectionSeen with its own text.
struct ConnectionInfo {
    ConnectionId connection{};
    Pid pid{};
    Uid uid{};
    AddressFamily family = AddressFamily::kIpv4;
    bool opened_before = false;
    Endpoint local;
    Endpoint peer;
    Pid peer_pid{};  // Unix sockets only
    Uid peer_uid{};
    std::string path;                  // Unix sockets only
    std::uint32_t inode = 0;           // Unix sockets only
    std::optional<BlindReason> blind;  // its traffic can't be read
    bool plaintext = false;            // what is read of it is what it says in TLS
};

// Hears of exchanges, and of connections that turn out to be something else than they looked like.
class ConnectionSink : public ExchangeSink {
public:
    // Its bytes are not of this protocol after all; nothing was counted of it.
    virtual void on_wrong_guess(ConnectionId connection, Protocol protocol) = 0;
    // It spoke this protocol, and goes on compressed, which nobody reads.
    virtual void on_compressed(const ConnectionInfo& connection, Protocol protocol, MonotonicTime time) = 0;
    // It spoke this protocol, and goes on in TLS. True: which nobody reads.
    virtual bool on_encrypted(const ConnectionInfo& connection, Protocol protocol, MonotonicTime time) = 0;
    // Its plaintext is read now, though it was blind.
    virtual void on_no_more_blind(const ConnectionInfo& connection, BlindReason reason) = 0;
    // It has ended, and was blind all the time.
    virtual void on_stayed_blind(const ConnectionInfo& connection, BlindReason reason) = 0;
    // It is not open any more, and had its last exchange.
    virtual void on_gone(ConnectionId connection) = 0;
};

class ConnectionTable {
public:
    static constexpr std::size_t kDefaultLimit = 262144;

    // sink outlives the table.
    explicit ConnectionTable(ConnectionSink& sink, std::size_t limit = kDefaultLimit) : sink_(&sink), limit_(limit) {}

    std::optional<DropReason> on(const ConnectionSeen& seen);
    std::optional<DropReason> on(const Message& message);
    std::optional<DropReason> on(const ConnectionClosed& closed);
    std::optional<DropReason> on(const Blind& blind);
    std::optional<DropReason> on(const PlaintextBegun& plaintext);
    std::optional<DropReason> on(const ProcessExited& exited);
    // Time has passed: ends what has lingered long enough.
    void advance(MonotonicTime now);
    // Ends every open exchange; the table is empty afterwards.
    void session_end(MonotonicTime time);

    // Exchanges of it that have begun and not ended.
    [[nodiscard]] std::uint64_t open_exchanges(ConnectionId connection) const;
    // Null if the connection is not open. Valid until the next call of on().
    [[nodiscard]] const ConnectionInfo* find(ConnectionId connection) const;
    [[nodiscard]] std::size_t size() const { return connections_.size(); }
    // All open ones, for who can see which sockets still exist.
    [[nodiscard]] std::vector<const ConnectionInfo*> unix_sockets() const;

private:
    // What passed while it could not be told what the connection speaks: few bytes, or unseen ones.
    struct Held {
        Message message;  // without its views
        std::string front;
        std::string back;
    };
    // Passes on, and counts, what ends on one connection.
    class Ends final : public ExchangeSink {
    public:
        explicit Ends(ExchangeSink& to) : to_(to) {}
        void on_exchange(const Exchange& exchange) override {
            count_ += exchange.count;
            to_.on_exchange(exchange);
        }
        void on_lost(LostReason reason) override {
            ++count_;
            to_.on_lost(reason);
        }
        void restart() { count_ = 0; }
        [[nodiscard]] std::uint64_t count() const { return count_; }

    private:
        ExchangeSink& to_;
        std::uint64_t count_ = 0;
    };
    struct Connection {
        Connection(const ConnectionSeen& seen, ExchangeSink& sink);

        ConnectionInfo info;
        Stream received;
        Stream sent;
        bool peer_finished = false;         // the peer sent FIN; bytes from before it may still be unread
        MonotonicTime last;                 // it was heard of
        std::optional<CloseReason> ending;  // it lingers
        MonotonicTime ended;
        std::array<std::uint64_t, 2> ends{};  // by Direction: where its streams had ended; 0: not known
        std::vector<Held> held;
        Ends exchanges;
        std::unique_ptr<ProtocolReader> reader;       // none while nothing was read, or when the guess was wrong
        Protocol protocol{};                          // the reader's
        std::uint32_t refused = 0;                    // bits by protocol: wrong guesses
        std::list<Connection*>::iterator unix_place;  // in unix_order_; Unix sockets only
    };
    struct Lingering {
        ConnectionId connection{};
        MonotonicTime since;
    };

    Connection* lookup(ConnectionId id);
    bool make_room(MonotonicTime now);
    void linger(Connection& connection, const ConnectionClosed& closed);
    void finish_lingering(Connection& connection);
    void decide(Connection& connection, Protocol protocol);
    static Stream& stream_of(Connection& connection, Direction direction);
    void read(Connection& connection, const Message& message);
    static void tell_end(Connection& connection, Direction direction, MonotonicTime time);
    void hold(Connection& connection, const Message& message);
    void heed_standing(Connection& connection, MonotonicTime time);
    void close(Connection& connection, CloseReason reason, MonotonicTime time);
    void remember_unix(Connection& connection);
    void forget_unix(Connection& connection);

    ConnectionSink* sink_;
    std::size_t limit_;
    tsl::robin_map<ConnectionId, std::unique_ptr<Connection>, ConnectionHash> connections_;
    std::list<Connection*> unix_order_;                      // the one that was silent for longest is in front
    tsl::robin_map<std::uint32_t, std::size_t> unix_count_;  // by pid
    std::deque<Lingering> lingering_;                        // by time
    MonotonicTime last_sweep_;
    ReaderPool readers_;
    PreparedNames prepared_;
};

}  // namespace footfall
