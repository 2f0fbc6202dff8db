// Reads PostgreSQL's protocol 3 (wire.h) on one connection: frames both streams, finds out which of them carries the
// requests, and gives each answer to the message that it answers. Times, ownership and threads are those of ProtocolReader.
//
// What a use is:
// - Simple query: each statement of its text is one, ended by its CommandComplete, EmptyQueryResponse or ErrorResponse. The
//   first begins with the message, each other one when the one before it has ended. An error in the text is the first
//   statement's, since the server runs none of them. Completions of statements that could not be told apart (the text is
//   longer than 16 KiB) are uses too, called _OTHER.
// - Extended protocol: an Execute, named by what its portal's statement does. A portal that is fetched in pieces
//   (PortalSuspended) is one use, as in pg_stat_statements: its first Execute; errors in later pieces are not seen. Parse,
//   Bind, Describe and Close are none, unless they fail: then that is the failed use of their statement.
// - What the server never ran because of an error before it (up to Sync, or to the end of the query) is no use, and no loss.
// - COPY in and out are the statement's; its data counts as the request's or the response's bytes. What starts replication
//   (CopyBothResponse) is one use, ended there; after it the connection is not looked at any more.
// - A function call is FUNCTION_CALL. A login that is refused is CONNECT, and failed; one that is accepted is none, and its
//   bytes are nobody's. CancelRequest, notices, notifications and errors that answer nothing (idle timeouts, a commit at
//   Sync that fails) are none.
// - A statement that was prepared before footfall came, or that was forgotten (512 are kept per connection), is EXECUTE of
//   {unknown}. One prepared by SQL is EXECUTE without a collection.
// Bytes are those of the messages from the end of the exchange before on; Sync and ReadyForQuery are nobody's.
//
// Encryption: SSLRequest and GSSENCRequest that are answered N go on in clear text; S and G end the reading (kEncrypted).
//
// Who is who: by the startup message; else by the first call that begins with whole messages only a client sends. Nothing
// is counted before the other end answers with whole messages of a server.
//
// What a gap does (bytes that passed unseen):
// - Within a message: its length says where the next one begins.
// - Of responses, elsewhere: these are out of step until a call ends in ReadyForQuery. If one message was waiting for that,
//   everything before it is settled: with a completion right before ReadyForQuery all of it was run without an error (after
//   one, nothing completes), else it is lost. If several waited, it can't be known which is answered: all are lost. If the
//   client asks anew first, what waited before is lost; its own answer is awaited at the beginning of a call. If the
//   connection ends first, what waited is lost if the last that passed was not seen, else cut.
// - Of requests, elsewhere: what was asked before keeps its answers; further completions are lost one by one (kGap), until
//   a call of the client begins with a request after all was answered (ReadyForQuery). Within COPY … FROM STDIN nothing is
//   lost: data asks for nothing.
//
// Whose an answer is, after late attach and after a gap:
// - How many of the client's requests are under way is not known then, if it pipelines. What it asks is paired with what
//   comes as if there were none, and held back until that is proved: by a request that comes after all was answered, from a
//   client that has not asked anew before it had its answers; by 256 uses without a contradiction; or by the end, if there
//   was none by then.
// - What contradicts: a ReadyForQuery or a message too many, since each Sync has exactly one; an answer of another kind than
//   the message at hand asks for; a SELECT, INSERT, UPDATE or DELETE completed by the tag of another one of them. Then all
//   that is held back is lost (kBeganBefore, after a gap kGap), and the next request is the first again.
// - A client that has always the same number of requests under way can't be told apart from one that waits, if it asks for
//   the like of what is answered: its uses are counted right, each with the times of a neighbour.
//
// When 16,384 steps wait, what is asked from then on is lost, until each ReadyForQuery that is due has come.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/protocols/framing/length_framer.h"
#include "agent/protocols/postgresql/open_steps.h"
#include "agent/protocols/postgresql/statements.h"
#include "agent/protocols/postgresql/wire.h"
#include "agent/protocols/protocol.h"

namespace footfall::postgresql {

class PostgresqlReader final : public ProtocolReader {
public:
    explicit PostgresqlReader(const ReaderContext& context) { restart(context); }

    void on_bytes(Direction direction, std::string_view bytes, bool message_start, const Stamp& stamp) override;
    void on_gap(Direction direction, std::uint64_t length, const Stamp& stamp) override;
    void on_end_of_stream(Direction, const Stamp&) override {}
    void on_close(CloseReason reason, MonotonicTime time) override;
    void on_session_end(MonotonicTime time) override;
    [[nodiscard]] Standing standing() const override { return standing_; }
    void restart(const ReaderContext& context) override;

    // Uses that began; each of them is used, lost or still open.
    [[nodiscard]] std::uint64_t started() const override { return steps_.started(); }

private:
    using Framing = LengthFramer::Step;

    void find_roles(Direction direction, std::string_view bytes, bool message_start);
    void set_roles(Direction requests);
    void miss();
    void stop_reading();
    [[nodiscard]] bool is_over() const;

    void read_requests(std::string_view bytes, bool message_start, const Stamp& stamp);
    void take_request_header();
    void take_request();
    void note_bytes(char type);
    void take_startup();
    void take_query(std::string_view text, bool truncated);
    void take_parse(std::string_view body, bool truncated);
    void take_bind(std::string_view body);
    void take_described(char type, std::string_view body);
    void take_execute(std::string_view body);
    void take_function_call();
    void take_sync();
    void meet_request();
    void push_statement(std::string_view text, bool truncated);
    Step* push(StepKind kind, bool is_use);
    void lose_requests();
    void resume_requests();
    void assume_order();
    void prove_order();
    void heed_request_start();
    void disprove_order();
    [[nodiscard]] bool is_of_another(const Step& step) const;
    [[nodiscard]] LostReason why_lost() const;

    void read_responses(std::string_view bytes, bool message_start, const Stamp& stamp);
    void look_for_answer(std::string_view bytes);
    void look_for_ready(std::string_view bytes, const Stamp& stamp);
    void take_response_header();
    void take_encryption_answer(char answer);
    void take_response();
    void take_answer(StepKind kind);
    void take_description();
    void take_completion();
    void take_error();
    void refuse_login(std::string_view error_type);
    void take_ready();
    void begin_copy_in();
    void end_copy_in();
    void begin_copy_both();
    void note_first_byte();
    void settle(Ending ending, MonotonicTime time);
    void lose_responses();
    void lose_pairing(LostReason reason);
    void overflow();

    ReaderContext context_;
    Standing standing_ = Standing::kGuessed;
    std::optional<Direction> requests_;  // where they pass; none: not found out yet
    LengthFramer front_{kHeader};        // the client's messages
    LengthFramer back_{kHeader};         // the server's
    OpenSteps steps_;
    Statements statements_;
    std::string name_buffer_;

    std::optional<Stamp> login_;         // began then, and is not answered yet
    bool in_startup_ = false;            // the next message of the client has no type
    bool awaits_encryption_ = false;     // the next byte of the server says whether it goes on in TLS
    bool not_read_ = false;              // nothing more is of interest
    bool skipping_ = false;              // the server skips what comes, up to Sync
    bool copy_in_ = false;               // the client sends the data of a COPY
    bool ready_ = false;                 // the server's last message was ReadyForQuery
    bool late_ = false;                  // no order of this connection has been proved yet
    bool asks_ahead_ = false;            // since an order was assumed, the client asked before it had its answers
    bool requests_unknown_ = false;      // what else the client asked for passed unseen
    bool asked_since_gap_ = false;       // responses are out of step, and the client has asked anew
    bool overflowed_ = false;            // more was asked than is kept …
    std::uint32_t ready_unkept_ = 0;     // … and so many ReadyForQuery are due for what is lost
    std::uint32_t ignored_in_copy_ = 0;  // steps behind the COPY that the server reads as part of it
    std::uint32_t already_lost_ = 0;     // uses that are lost and may still be answered
    std::uint16_t misses_ = 0;           // calls that told nothing of who is who
    std::uint8_t tail_size_ = 0;
    std::array<char, kEndingLongest> tail_{};  // the last bytes of responses that are out of step
    std::uint64_t request_bytes_ = 0;          // of messages that no use has got yet
    std::uint64_t response_bytes_ = 0;
};

}  // namespace footfall::postgresql
