// MySQL and MariaDB (protocol 10): each command is an exchange, and each statement of a query that holds several.
//
// Names: a statement by its verb and first table; one that was prepared by its own, too, whenever it is executed. A
// statement whose preparation was not seen is EXECUTE _OTHER. Preparing is a use of its own, PREPARE, as servers count it
// (Com_stmt_prepare); so are FETCH and RESET. Commands without an answer (close, long data, quit) are part of others' work
// and no uses. A login is none, but one that is refused is CONNECT with its error: else a service that can't get in would
// look idle. Errors: the SQLSTATE; where that says nothing (HY000), the server's number.
//
// Packets carry a number in sequence, which must fit; a command begins with 0. Answers come in the order of commands, and a
// client seldom sends one before the last is answered, but it may. Gaps: packets are skipped by their length. Where a gap
// holds a header,
//   - of an answer: it ends at the latest when the next command comes. If the last bytes before that are a packet that ends
//   a result,
//     that is how it ended, else it is lost. (The same at the connection's end, but that what was seen to be cut is cut.)
//     Were several commands waiting, all are: which one went on can't be told.
//   - of a command: the next one is looked for where a system call begins; what waited then ends as above.
// The statements of a query whose results passed in a gap are used when the end that is seen says that none is left.
// A connection that is older than footfall begins in the same way, with neither role nor agreement known: the first command
// is believed once an answer has come whose number fits.
//
// After a replica's request for the binary log nothing is looked at. TLS and compression end the reading (standing()). What
// is said in TLS and seen as plaintext is a connection of its own, which begins with the login: greeting and request for TLS
// went before it in cleartext. That it is compressed is believed then by the login alone, as whenever no greeting was seen.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/protocols/framing/length_framer.h"
#include "agent/protocols/mysql/answer_reader.h"
#include "agent/protocols/mysql/commands.h"
#include "agent/protocols/mysql/later_statements.h"
#include "agent/protocols/mysql/prepared_statements.h"
#include "agent/protocols/mysql/stream_tail.h"
#include "agent/protocols/mysql/wire.h"
#include "agent/protocols/pairing/in_order.h"
#include "agent/protocols/protocol.h"

namespace footfall::mysql {

class MysqlReader final : public ProtocolReader {
public:
    explicit MysqlReader(const ReaderContext& context) { restart(context); }

    void on_bytes(Direction direction, std::string_view bytes, bool message_start, const Stamp& stamp) override;
    void on_gap(Direction direction, std::uint64_t length, const Stamp& stamp) override;
    void on_end_of_stream(Direction direction, const Stamp& stamp) override;
    void on_close(CloseReason reason, MonotonicTime time) override;
    void on_session_end(MonotonicTime time) override;
    [[nodiscard]] Standing standing() const override { return standing_; }
    void restart(const ReaderContext& context) override;

    // Exchanges that began; each of them is used, lost or still open.
    [[nodiscard]] std::uint64_t started() const override { return open_.started(); }

private:
    enum class Stage : std::uint8_t {
        kGreeting,
        kLogin,
        kCommands,  // found or looked for
        kIgnored,   // what comes is not looked at
    };
    // What a packet is for; settled by its header.
    enum class Purpose : std::uint8_t {
        kStage,  // greeting, login
        kTrial,  // perhaps a command, perhaps a login
        kCommand,
        kMore,  // goes on with a command: its next packet, a file, authentication
        kAnswer,
        kRest,  // the next packet of what is too long for one
        kLate,  // perhaps the end of the answer before
        kUnasked,
    };
    // Of an open request: OpenRequest::tag.
    struct Tag {
        Command command{};
        std::uint8_t answer_sequence = 0;  // of the first packet that answers
        std::uint16_t extra = 0;           // PREPARE: its slot; queries: how many statements are behind the first
        bool unseen = false;               // more statements may be, whose text was not seen

        [[nodiscard]] std::size_t statements_behind() const { return command == Command::kQuery ? extra : 0; }
    };
    struct Side {
        LengthFramer framer{kHeaderSize};
        Purpose purpose{};
        PacketHeader header;
        bool goes_on = false;   // the last packet was so long that the next one belongs to it …
        std::uint8_t next = 0;  // … which has this number
        bool in_body = false;
    };

    Side& side(Direction direction) { return sides_[static_cast<std::size_t>(direction)]; }
    Side& requests() { return side(requests_); }
    Side& answers() { return side(other(requests_)); }
    static Direction other(Direction direction) {
        return direction == Direction::kReceived ? Direction::kSent : Direction::kReceived;
    }
    [[nodiscard]] bool is_answering(Direction direction) const { return requests_known_ && direction != requests_; }

    // Of packets (mysql_reader.cc).
    void advance(Direction direction, std::string_view bytes, const Stamp& stamp);
    void on_header(Direction direction);
    void on_frame(Direction direction);
    void set_requests(Direction direction);
    void confirm() { standing_ = Standing::kConfirmed; }
    void start_answers();
    void lose_step(Direction direction);
    void fail_trial(Direction direction);

    // Of the handshake (mysql_reader_login.cc).
    void stage_header(Direction direction);
    void stage_frame(Direction direction);
    void greeting_frame();
    void login_request();
    void login_answer();
    void logged_in();
    void refuse_login(std::string_view packet, const Stamp& begin, MonotonicTime end);
    void lose_handshake();

    // Of commands (mysql_reader_commands.cc).
    void request_header(Direction direction);
    void try_command(Direction direction);
    void try_frame(Direction direction);
    void command_frame(bool whole);
    void more_of_command();
    void begin_command(Command command, bool whole);
    void name_command(OpenRequest& request, Tag& tag, std::string_view body, bool truncated);
    void name_query(OpenRequest& request, Tag& tag, std::string_view text, bool truncated);
    void name_prepared(OpenRequest& request, Tag& tag, std::string_view body);
    void begin_cut_command();

    // Of answers (mysql_reader_answers.cc).
    void begin_answer();
    void answer_header();
    void answer_frame();
    void take_step(AnswerReader::Step step, std::string_view kept, MonotonicTime time);
    void end_result(MonotonicTime time);
    void next_statement(MonotonicTime time);
    void finish(Outcome outcome, std::string_view error_type, MonotonicTime time);
    void take_unframed(std::string_view bytes, const Stamp& stamp);
    void settle();
    bool finish_by_tail();
    void count_answer(std::uint64_t bytes);

    static Tag tag_of(const OpenRequest& request);
    static void set_tag(OpenRequest& request, const Tag& tag);

    bool opened_before_ = false;
    Stage stage_ = Stage::kGreeting;
    Standing standing_ = Standing::kGuessed;
    bool requests_known_ = false;
    bool greeting_seen_ = false;
    bool login_seen_ = false;
    bool uploading_ = false;     // the client sends a file
    bool answer_began_ = false;  // of the oldest, a packet has come
    bool answer_cut_ = false;    // of the oldest, results may have ended in a gap
    bool has_command_ = false;   // what goes on is that of the newest that is open
    std::uint8_t sequence_ = 0;  // of the next packet: of the answer, or where the ends take turns
    std::uint16_t trials_ = 0;   // messages that turned out to begin no command
    Direction requests_{};       // where the commands are
    std::uint32_t capabilities_ = 0;
    Stamp login_began_;
    std::array<Side, 2> sides_;
    AnswerReader answer_;
    StreamTail tail_;
    PreparedStatements prepared_;
    LaterStatements later_;
    ErrorType error_;
    std::string name_buffer_;
    InOrder open_;
};

}  // namespace footfall::mysql
