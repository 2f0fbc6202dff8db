// Follows the packets that answer one command, and says where its results end. Of each packet it is shown the first bytes.
//
// Whether the ends of columns and rows are EOF packets or OK packets (CLIENT_DEPRECATE_EOF) was agreed in the handshake; if
// that was not seen, it is told from the first of them, which differ in length.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/protocols/mysql/commands.h"

namespace footfall::mysql {

class AnswerReader {
public:
    enum class Step : std::uint8_t {
        kMore,
        kResult,    // a result has ended; status() says whether another one follows: call next_result() for it
        kError,     // an ERR packet: no more of this answer
        kUpload,    // the server wants a file: the client sends packets until an empty one
        kPrepared,  // the statement has its number; the rest follows, and ends as a result does
        kBroken,    // no such packet can be here
    };

    // Whether EOF packets have gone; none: not known yet.
    void set_deprecate_eof(std::optional<bool> deprecated) { deprecate_eof_ = deprecated; }

    void begin(Answer answer);
    void next_result();
    // length: of the packet; kept: its first bytes, fewer than kEndKept only if there are no more. None if they were not
    // seen.
    Step on_packet(std::optional<std::string_view> kept, std::uint32_t length);

    [[nodiscard]] bool done() const { return phase_ == Phase::kDone; }
    [[nodiscard]] std::uint16_t status() const { return status_; }
    [[nodiscard]] bool had_rows() const { return had_rows_; }  // of the result that ended
    [[nodiscard]] std::uint32_t statement() const { return statement_; }
    // Whether this packet, which came where none can be, may end the definitions of the answer before. Only where it was not
    // agreed: then a last EOF packet can't be waited for.
    bool takes_late_eof(std::string_view kept, std::uint32_t length);

private:
    enum class Phase : std::uint8_t {
        kDone,
        kOnePacket,
        kFirst,
        kColumns,
        kEndOfColumns,
        kRows,
        kFirstOfPrepared,
        kDefinitions,
        kEndOfDefinitions,
        kAuthentication,
    };

    Step first(std::string_view kept, std::uint32_t length);
    Step column(std::string_view kept);
    Step end_of_columns(std::string_view kept, std::uint32_t length);
    Step row(std::string_view kept, std::uint32_t length);
    Step first_of_prepared(std::string_view kept);
    Step definition();
    Step end_of_definitions(std::string_view kept, std::uint32_t length);
    Step authentication(std::string_view kept);
    Step next_definitions();
    Step end(std::string_view kept);
    Step unseen(std::uint32_t length);

    Phase phase_ = Phase::kDone;
    std::optional<bool> deprecate_eof_;
    bool had_rows_ = false;
    std::uint16_t status_ = 0;
    std::uint32_t statement_ = 0;
    std::uint64_t columns_ = 0;                   // of these definitions, still to come
    std::array<std::uint32_t, 2> definitions_{};  // of a prepared statement: those of its parameters and its columns
};

}  // namespace footfall::mysql
