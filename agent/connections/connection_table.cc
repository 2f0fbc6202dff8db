#include "agent/connections/connection_table.h"

#include <utility>

namespace footfall {
namespace {

constexpr std::uint64_t kLingerNanoseconds = kNanosecondsPerSecond;
constexpr std::size_t kHeldLimit = 64;      // a detector needs 32 bytes of a direction at most …
constexpr std::size_t kHeldBytesMost = 64;  // … so a longer message that is held is none of a protocol that is read
constexpr std::uint64_t kSilentNanoseconds = 60 * static_cast<std::uint64_t>(kNanosecondsPerSecond);

std::uint32_t bit_of(Protocol protocol) { return std::uint32_t{1} << static_cast<unsigned>(protocol); }

}  // namespace

ConnectionTable::Connection::Connection(const ConnectionSeen& seen, ExchangeSink& sink)
    : info{seen.connection, seen.pid,    seen.uid,      seen.family,   seen.opened_before,
           seen.local,      seen.peer,   seen.peer_pid, seen.peer_uid, std::string(seen.path),
           seen.inode,      std::nullopt},
      received(seen.opened_before),
      sent(seen.opened_before),
      exchanges(sink) {}

std::optional<DropReason> ConnectionTable::on(const ConnectionSeen& seen) {
    if (lookup(seen.connection) != nullptr) return std::nullopt;
    if (connections_.size() >= limit_ && !make_room(seen.time)) return DropReason::CONNECTION_LIMIT;
    auto connection = std::make_unique<Connection>(seen, *sink_);
    connection->last = seen.time;
    if (seen.family == AddressFamily::kUnix) remember_unix(*connection);
    connections_.insert({seen.connection, std::move(connection)});
    return std::nullopt;
}

std::optional<DropReason> ConnectionTable::on(const Message& message) {
    Connection* connection = lookup(message.connection);
    if (connection == nullptr) {
        // That the end was read as well is no news of a connection that has ended.
        return message.length == 0 ? std::nullopt : std::optional(DropReason::UNKNOWN_CONNECTION);
    }
    connection->last = message.time;
    if (connection->info.plaintext && message.length != 0) connection->info.blind = std::nullopt;
    if (connection->info.family == AddressFamily::kUnix) {
        unix_order_.splice(unix_order_.end(), unix_order_, connection->unix_place);
    }
    if (message.protocol) decide(*connection, *message.protocol);
    if (connection->reader) {
        read(*connection, message);
    } else {
        hold(*connection, message);
    }
    if (connection->ending && message.length == 0) finish_lingering(*connection);
    return std::nullopt;
}

std::optional<DropReason> ConnectionTable::on(const ConnectionClosed& closed) {
    Connection* connection = lookup(closed.connection);
    if (connection == nullptr) return std::nullopt;  // nothing of it was open, so nothing is lost
    if (connection->ending) {
        finish_lingering(*connection);
        return std::nullopt;
    }
    if (!connection->info.plaintext) connection->ends = closed.position;  // of its ciphertext, else
    if (closed.final) {
        const bool is_cut = closed.reason == CloseReason::kReset || closed.reason == CloseReason::kTimeout;
        if (is_cut || closed.held || connection->info.plaintext) {
            linger(*connection, closed);
        } else {
            close(*connection, closed.reason, closed.time);
        }
        return std::nullopt;
    }
    ProtocolReader* reader = connection->reader.get();
    const Stamp stamp{closed.time, connection->info.pid, {}};
    switch (closed.reason) {
        case CloseReason::kPeer:
            connection->peer_finished = true;
            break;
        case CloseReason::kLocal:
            tell_end(*connection, Direction::kSent, closed.time);
            if (reader != nullptr) reader->on_end_of_stream(Direction::kSent, stamp);
            break;
        case CloseReason::kReset:
        case CloseReason::kTimeout:
            tell_end(*connection, Direction::kReceived, closed.time);
            tell_end(*connection, Direction::kSent, closed.time);
            if (reader != nullptr) reader->on_close(closed.reason, closed.time);
            break;
    }
    return std::nullopt;
}

std::optional<DropReason> ConnectionTable::on(const Blind& blind) {
    // Blind spots are reported by process as well, so one on a connection that is not known is of use too.
    if (Connection* connection = lookup(blind.connection)) connection->info.blind = blind.reason;
    return std::nullopt;
}

// Its streams and what was guessed of them begin anew. An exchange that was open cannot end in plaintext. Where some passed
// unseen though the connection itself did not, that may have been all: it stays blind until a message comes.
std::optional<DropReason> ConnectionTable::on(const PlaintextBegun& plaintext) {
    Connection* connection = lookup(plaintext.connection);
    if (connection == nullptr) {
        // Found by the end of it, which the library hands out after the close.
        return plaintext.opened_before ? std::nullopt : std::optional(DropReason::UNKNOWN_CONNECTION);
    }
    if (connection->reader) {
        connection->reader->on_session_end(plaintext.time);
        readers_.give_back(connection->protocol, std::move(connection->reader));
    }
    if (const auto blind = std::exchange(connection->info.blind, std::nullopt)) {
        sink_->on_no_more_blind(connection->info, *blind);
        if (plaintext.opened_before && !connection->info.opened_before) connection->info.blind = BlindReason::kTlsUnseen;
    }
    connection->info.opened_before = plaintext.opened_before;
    connection->received = Stream(plaintext.opened_before);
    connection->sent = Stream(plaintext.opened_before);
    connection->held.clear();
    connection->refused = 0;
    connection->info.plaintext = true;
    return std::nullopt;
}

std::optional<DropReason> ConnectionTable::on(const ProcessExited& exited) {
    if (!unix_count_.contains(number(exited.pid))) return std::nullopt;
    for (auto place = unix_order_.begin(); place != unix_order_.end();) {
        Connection* connection = *place++;
        if (connection->info.pid == exited.pid) close(*connection, CloseReason::kLocal, exited.time);
    }
    return std::nullopt;
}

// The close of a TCP connection may have been lost, so at the limit those go that were silent for long. Looking at all of
// them costs, so it is done at most once a second.
bool ConnectionTable::make_room(MonotonicTime now) {
    if (!unix_order_.empty()) {
        close(*unix_order_.front(), CloseReason::kLocal, now);
        return true;
    }
    if (elapsed(last_sweep_, now) < kNanosecondsPerSecond) return false;
    last_sweep_ = now;
    std::vector<Connection*> silent;
    for (const auto& [id, connection] : connections_) {
        if (elapsed(connection->last, now) >= kSilentNanoseconds) silent.push_back(connection.get());
    }
    for (Connection* connection : silent) close(*connection, CloseReason::kLocal, now);
    return !silent.empty();
}

void ConnectionTable::linger(Connection& connection, const ConnectionClosed& closed) {
    connection.ending = closed.reason;
    connection.ended = closed.time;
    lingering_.push_back({closed.connection, closed.time});
    advance(closed.time);
}

void ConnectionTable::finish_lingering(Connection& connection) { close(connection, *connection.ending, connection.ended); }

void ConnectionTable::advance(MonotonicTime now) {
    while (!lingering_.empty() && elapsed(lingering_.front().since, now) >= kLingerNanoseconds) {
        Connection* connection = lookup(lingering_.front().connection);
        lingering_.pop_front();
        if (connection != nullptr) finish_lingering(*connection);
    }
}

std::vector<const ConnectionInfo*> ConnectionTable::unix_sockets() const {
    std::vector<const ConnectionInfo*> sockets;
    for (const Connection* connection : unix_order_) sockets.push_back(&connection->info);
    return sockets;
}

void ConnectionTable::session_end(MonotonicTime time) {
    for (const Lingering& lingering : std::exchange(lingering_, {})) {
        if (Connection* connection = lookup(lingering.connection)) finish_lingering(*connection);
    }
    for (const auto& [id, connection] : connections_) {
        if (connection->reader) connection->reader->on_session_end(time);
        if (connection->info.blind) sink_->on_stayed_blind(connection->info, *connection->info.blind);
    }
    connections_.clear();
    unix_order_.clear();
    unix_count_.clear();
}

const ConnectionInfo* ConnectionTable::find(ConnectionId connection) const {
    const auto found = connections_.find(connection);
    return found == connections_.end() ? nullptr : &found->second->info;
}

std::uint64_t ConnectionTable::open_exchanges(ConnectionId id) const {
    const auto found = connections_.find(id);
    if (found == connections_.end() || !found->second->reader) return 0;
    const Connection& connection = *found->second;
    return connection.reader->started() - connection.exchanges.count();
}

ConnectionTable::Connection* ConnectionTable::lookup(ConnectionId id) {
    const auto found = connections_.find(id);
    return found == connections_.end() ? nullptr : found->second.get();
}

// Readers are made at the first message: a connection that stays idle costs no reader.
void ConnectionTable::decide(Connection& connection, Protocol protocol) {
    if (connection.reader || (connection.refused & bit_of(protocol)) != 0) return;
    const ReaderContext context{connection.info.connection, connection.info.opened_before, &connection.exchanges,
                                &prepared_};
    connection.exchanges.restart();
    connection.protocol = protocol;
    connection.reader = readers_.take(protocol, context);
    for (const Held& held : std::exchange(connection.held, {})) {
        Message message = held.message;
        message.front = held.front;
        message.back = held.back;
        if (connection.reader) read(connection, message);
    }
}

Stream& ConnectionTable::stream_of(Connection& connection, Direction direction) {
    return direction == Direction::kReceived ? connection.received : connection.sent;
}

void ConnectionTable::read(Connection& connection, const Message& message) {
    stream_of(connection, message.direction).read(message, message.direction, *connection.reader);
    heed_standing(connection, message.time);
}

// An event that was lost shows as a gap in front of the next one. After the last one, the end of the stream shows it.
void ConnectionTable::tell_end(Connection& connection, Direction direction, MonotonicTime time) {
    if (!connection.reader) return;
    const std::uint64_t end = connection.ends.at(static_cast<std::size_t>(direction));
    stream_of(connection, direction).end(end, direction, {time, connection.info.pid, {}}, *connection.reader);
}

void ConnectionTable::hold(Connection& connection, const Message& message) {
    if (message.protocol || connection.held.size() == kHeldLimit) return;
    const bool is_short = message.front.size() + message.back.size() <= kHeldBytesMost;
    connection.held.push_back(is_short ? Held{message, std::string(message.front), std::string(message.back)}
                                       : Held{message, {}, {}});
}

void ConnectionTable::heed_standing(Connection& connection, MonotonicTime time) {
    const Standing standing = connection.reader->standing();
    if (standing == Standing::kGuessed || standing == Standing::kConfirmed) return;
    readers_.give_back(connection.protocol, std::move(connection.reader));
    connection.refused |= bit_of(connection.protocol);
    if (standing == Standing::kRefuted) return sink_->on_wrong_guess(connection.info.connection, connection.protocol);
    if (standing == Standing::kCompressed) {
        connection.info.blind = BlindReason::kCompressed;
        return sink_->on_compressed(connection.info, connection.protocol, time);
    }
    const bool is_unread = sink_->on_encrypted(connection.info, connection.protocol, time);
    connection.info.blind = is_unread ? BlindReason::kTls : BlindReason::kTlsUnseen;
}

void ConnectionTable::close(Connection& connection, CloseReason reason, MonotonicTime time) {
    if (connection.reader) {
        tell_end(connection, Direction::kReceived, time);
        tell_end(connection, Direction::kSent, time);
        // Only now it is sure that the application reads no more of what came before the peer's FIN.
        if (connection.peer_finished) {
            connection.reader->on_end_of_stream(Direction::kReceived, {time, connection.info.pid, {}});
        }
        connection.reader->on_close(reason, time);
        readers_.give_back(connection.protocol, std::move(connection.reader));
    }
    if (connection.info.blind) sink_->on_stayed_blind(connection.info, *connection.info.blind);
    if (connection.info.family == AddressFamily::kUnix) forget_unix(connection);
    const ConnectionId id = connection.info.connection;
    connections_.erase(id);
    sink_->on_gone(id);
}

void ConnectionTable::remember_unix(Connection& connection) {
    connection.unix_place = unix_order_.insert(unix_order_.end(), &connection);
    ++unix_count_[number(connection.info.pid)];
}

void ConnectionTable::forget_unix(Connection& connection) {
    unix_order_.erase(connection.unix_place);
    const auto count = unix_count_.find(number(connection.info.pid));
    if (--count.value() == 0) unix_count_.erase(count);
}

}  // namespace footfall
