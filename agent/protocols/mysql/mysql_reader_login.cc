// The handshake: who is the server, and what both ends can do.
#include "agent/protocols/mysql/handshake.h"
#include "agent/protocols/mysql/mysql_reader.h"

namespace footfall::mysql {
namespace {

constexpr std::size_t kLoginKept = 64;
constexpr std::uint8_t kLoginBehindTls = 2;  // greeting and request for TLS are 0 and 1

}  // namespace

void MysqlReader::stage_header(Direction direction) {
    Side& moved = side(direction);
    if (stage_ == Stage::kGreeting && !requests_known_ && moved.header.sequence == kLoginBehindTls) {
        moved.purpose = Purpose::kTrial;
        return moved.framer.begin_body(moved.header.length, kLoginKept);
    }
    if (stage_ == Stage::kGreeting) {
        if (!requests_known_) set_requests(other(direction));
        if (!is_answering(direction)) standing_ = Standing::kRefuted;  // the server speaks first
    }
    if (moved.header.sequence != sequence_ || moved.header.length == 0) return lose_handshake();
    ++sequence_;
    moved.purpose = Purpose::kStage;
    moved.framer.begin_body(moved.header.length, stage_ == Stage::kGreeting ? kGreetingKept : kLoginKept);
}

void MysqlReader::stage_frame(Direction direction) {
    if (!side(direction).framer.body_kept()) return lose_handshake();
    if (stage_ == Stage::kGreeting) return greeting_frame();
    is_answering(direction) ? login_answer() : login_request();
}

void MysqlReader::greeting_frame() {
    const LengthFramer& framer = answers().framer;
    if (is_error_packet(framer.body())) {
        confirm();
        return refuse_login(framer.body(), framer.begin(), framer.last());
    }
    const std::optional<Greeting> greeting = read_greeting(framer.body());
    if (!greeting) {
        standing_ = Standing::kRefuted;
        return lose_handshake();
    }
    confirm();
    greeting_seen_ = true;
    capabilities_ = greeting->capabilities;
    stage_ = Stage::kLogin;
}

void MysqlReader::login_request() {
    if (login_seen_) return;  // what authentication asks for
    const std::optional<LoginRequest> login = read_login(requests().framer.body());
    if (!login) return lose_handshake();
    if (login->asks_for_tls && requests().header.length == kLoginShortest) {
        standing_ = Standing::kEncrypted;
        stage_ = Stage::kIgnored;
        return;
    }
    login_seen_ = true;
    login_began_ = requests().framer.begin();
    capabilities_ &= login->capabilities;
}

void MysqlReader::login_answer() {
    const LengthFramer& framer = answers().framer;
    switch (static_cast<std::uint8_t>(framer.body().front())) {
        case kOk:
            return logged_in();
        case kError:
            confirm();
            return refuse_login(framer.body(), login_began_, framer.last());
        case kEof:  // another method of authentication
        case kMoreAuthentication:
            return;
        default:
            return lose_handshake();
    }
}

void MysqlReader::logged_in() {
    confirm();
    const bool may_deprecate = (capabilities_ & kDeprecateEof) != 0;
    if (greeting_seen_ || !may_deprecate) answer_.set_deprecate_eof(may_deprecate);  // else its answers tell
    stage_ = Stage::kCommands;
    if ((capabilities_ & (kCompress | kZstd)) == 0) return;
    standing_ = Standing::kCompressed;
    stage_ = Stage::kIgnored;
}

void MysqlReader::refuse_login(std::string_view packet, const Stamp& begin, MonotonicTime end) {
    error_.assign(packet);
    stage_ = Stage::kIgnored;
    OpenRequest* request = open_.begin(begin);
    if (request == nullptr) return;
    request->name("CONNECT", {});
    request->first_byte = end;
    open_.finish(Outcome::kError, error_.text(), end);
}

// The rest is as on a connection that is older than footfall.
void MysqlReader::lose_handshake() {
    stage_ = Stage::kCommands;
    for (Side& side : sides_) {
        side.framer.lose();
        side.in_body = false;
    }
    if (standing_ == Standing::kGuessed) requests_known_ = false;
    tail_.clear();
}

}  // namespace footfall::mysql
