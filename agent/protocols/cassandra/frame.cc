#include "agent/protocols/cassandra/frame.h"

#include <algorithm>
#include <array>

#include "agent/protocols/sql/statement_name.h"

namespace footfall::cassandra {
namespace {

constexpr std::uint8_t kResponse = 0x80;
constexpr std::uint8_t kOldestVersion = 3;
constexpr std::uint8_t kNewestVersion = 5;
constexpr std::uint8_t kKnownFlags = 0x1F;
constexpr std::uint32_t kLongestFrame = 256U << 20U;

// Empty if it is none.
std::string_view name_of_request(OpCode code) {
    switch (code) {
        case OpCode::kStartup:
            return "STARTUP";
        case OpCode::kOptions:
            return "OPTIONS";
        case OpCode::kQuery:
            return "QUERY";
        case OpCode::kPrepare:
            return "PREPARE";
        case OpCode::kExecute:
            return "EXECUTE";
        case OpCode::kRegister:
            return "REGISTER";
        case OpCode::kBatch:
            return "BATCH";
        case OpCode::kAuthResponse:
            return "AUTH_RESPONSE";
        case OpCode::kError:
        case OpCode::kReady:
        case OpCode::kAuthenticate:
        case OpCode::kSupported:
        case OpCode::kResult:
        case OpCode::kEvent:
        case OpCode::kAuthChallenge:
        case OpCode::kAuthSuccess:
            return {};
    }
    return {};
}

bool is_request(OpCode code) { return !name_of_request(code).empty(); }

bool is_response(OpCode code) {
    const auto number = static_cast<std::uint8_t>(code);
    return number <= static_cast<std::uint8_t>(OpCode::kAuthSuccess) && number != 4 && !is_request(code);
}

std::uint32_t byte_at(std::string_view bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }
std::uint32_t read_u16(std::string_view bytes) { return byte_at(bytes, 0) << 8U | byte_at(bytes, 1); }
std::uint32_t read_u32(std::string_view bytes) { return read_u16(bytes) << 16U | read_u16(bytes.substr(2)); }

// Takes values off the front of a body that may be cut.
class Notation {
public:
    explicit Notation(std::string_view bytes) : rest_(bytes) {}

    std::optional<std::uint32_t> byte() { return number(1); }
    std::optional<std::uint32_t> u16() { return number(2); }
    std::optional<std::uint32_t> u32() { return number(4); }
    // [string], [short bytes]: what is there of it
    std::optional<std::string_view> text() { return counted(u16()); }
    // [long string]
    std::optional<std::string_view> long_text() { return counted(u32()); }
    // [bytes]: a negative length means null
    std::optional<std::string_view> bytes() {
        const auto length = u32();
        return counted(length && (*length & 0x80000000U) != 0 ? std::optional<std::uint32_t>(0) : length);
    }
    [[nodiscard]] bool cut() const { return cut_; }  // the last one was not there as a whole
    [[nodiscard]] std::string_view rest() const { return rest_; }

private:
    std::optional<std::uint32_t> number(std::size_t size) {
        cut_ = rest_.size() < size;
        if (cut_) return std::nullopt;
        const std::uint32_t value = size == 1 ? byte_at(rest_, 0) : size == 2 ? read_u16(rest_) : read_u32(rest_);
        rest_.remove_prefix(size);
        return value;
    }
    std::optional<std::string_view> counted(std::optional<std::uint32_t> length) {
        if (!length) return std::nullopt;
        cut_ = *length > rest_.size();
        const std::string_view found = rest_.substr(0, *length);
        rest_.remove_prefix(found.size());
        return found;
    }

    std::string_view rest_;
    bool cut_ = false;
};

// The body behind what flags put in front of it; none if that does not end within what is there.
std::optional<std::string_view> behind_extras(const Header& header, std::string_view body) {
    constexpr std::size_t kTraceId = 16;
    if (header.response && header.traced) {
        if (body.size() < kTraceId) return std::nullopt;
        body.remove_prefix(kTraceId);
    }
    Notation notation(body);
    if (header.response && header.has_warnings) {
        const auto count = notation.u16();
        for (std::uint32_t i = 0; i < count.value_or(0) && !notation.cut(); ++i) notation.text();
    }
    if (header.has_payload && !notation.cut()) {
        const auto count = notation.u16();
        for (std::uint32_t i = 0; i < count.value_or(0) && !notation.cut(); ++i) {
            notation.text();
            if (!notation.cut()) notation.bytes();
        }
    }
    return notation.cut() ? std::nullopt : std::optional(notation.rest());
}

Operation statement(std::string_view text, bool cut, std::string& buffer) {
    const sql::StatementName name = sql::name_statement(text, sql::Dialect::kStandard, buffer, cut);
    return {name.operation, name.collection};
}

// PREPARE, and what it prepares.
Operation preparation(std::string_view text, bool cut, std::string& buffer) {
    const Operation named = statement(text, cut, buffer);
    const std::string operation(named.method);
    const std::string collection(named.target);
    buffer = "PREPARE " + operation;
    const std::size_t method = buffer.size();
    buffer += collection;
    const std::string_view all = buffer;
    return {all.substr(0, method), all.substr(method)};
}

std::optional<Operation> execution(std::optional<std::string_view> id, const PreparedNames& prepared) {
    if (!id) return std::nullopt;
    const PreparedNames::Name* name = prepared.find(*id);
    if (name == nullptr) return Operation{"EXECUTE", "{unknown}"};
    return Operation{name->operation, name->collection};
}

std::optional<Operation> batch(Notation notation, const PreparedNames& prepared, std::string& buffer) {
    notation.byte();  // logged, unlogged, counter
    const auto count = notation.u16();
    if (!count) return std::nullopt;
    const auto kind = *count > 0 ? notation.byte() : std::nullopt;
    if (!kind) return Operation{"BATCH", {}};
    if (*kind != 0) {
        const auto named = execution(notation.text(), prepared);
        return Operation{"BATCH", named ? named->target : std::string_view()};
    }
    const auto text = notation.long_text();
    return Operation{"BATCH", text ? statement(*text, notation.cut(), buffer).target : std::string_view()};
}

struct ErrorName {
    std::uint32_t code;
    std::string_view name;
};

constexpr auto kErrors = std::to_array<ErrorName>({
    {0x0000, "ServerError"},     {0x000A, "ProtocolError"},   {0x0100, "BadCredentials"},  {0x1000, "Unavailable"},
    {0x1001, "Overloaded"},      {0x1002, "IsBootstrapping"}, {0x1003, "TruncateError"},   {0x1100, "WriteTimeout"},
    {0x1200, "ReadTimeout"},     {0x1300, "ReadFailure"},     {0x1400, "FunctionFailure"}, {0x1500, "WriteFailure"},
    {0x1600, "CdcWriteFailure"}, {0x1700, "CasWriteUnknown"}, {0x2000, "SyntaxError"},     {0x2100, "Unauthorized"},
    {0x2200, "Invalid"},         {0x2300, "ConfigError"},     {0x2400, "AlreadyExists"},   {0x2500, "Unprepared"},
});

std::string_view name_error(std::uint32_t code, std::string& buffer) {
    const auto found =
        std::find_if(kErrors.begin(), kErrors.end(), [code](const ErrorName& each) { return each.code == code; });
    if (found != kErrors.end()) return found->name;
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    buffer = "0x";
    for (int shift = 12; shift >= 0; shift -= 4) buffer += kDigits[code >> static_cast<unsigned>(shift) & 0xFU];
    return buffer;
}

// What is not there says nothing against a body …
bool is_within(std::optional<std::uint32_t> value, std::uint32_t least, std::uint32_t most) {
    return !value || (*value >= least && *value <= most);
}

// … nor does a length in front of a text that leaves room for what comes behind it.
bool fits(std::optional<std::uint32_t> length, std::uint64_t whole, std::size_t least_behind) {
    return !length || *length + std::uint64_t{least_behind} <= whole;
}

bool begins_options(Notation notation) {
    constexpr std::uint32_t kMost = 64;
    const auto count = notation.u16();
    const auto name = notation.text().value_or(std::string_view());
    return is_within(count, 1, kMost) &&
           std::all_of(name.begin(), name.end(), [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; });
}

bool is_token(std::optional<std::uint32_t> length, std::uint64_t whole) {
    return !length || (*length & 0x80000000U) != 0 || *length + 4ULL == whole;
}

bool is_plausible_rest(const Header& header, std::string_view body) {
    const std::uint32_t length = header.length;
    Notation notation(body);
    switch (header.code) {
        case OpCode::kOptions:
            return length == 0;
        case OpCode::kStartup:
            return length > 4 && begins_options(notation);
        case OpCode::kQuery:
            return length > 6 && fits(notation.u32(), length, 7);
        case OpCode::kPrepare:
            return length > 4 && fits(notation.u32(), length, 4);
        case OpCode::kExecute: {
            const auto id = notation.u16();
            return length > 6 && fits(id, length, 5) && is_within(id, 0, PreparedNames::kIdLimit);
        }
        case OpCode::kBatch:
            return length > 5 && is_within(notation.byte(), 0, 2);
        case OpCode::kRegister:
            return length > 4 && is_within(notation.u16(), 1, 16);
        case OpCode::kAuthResponse:
            return length >= 4 && is_token(notation.u32(), length);
        case OpCode::kError:
            return is_within(notation.u32(), 0, 0xFFFF);
        case OpCode::kReady:
            return body.empty();
        case OpCode::kResult:
            return is_within(notation.u32(), 1, 5);  // its kind
        case OpCode::kEvent:
            return header.pushed();
        case OpCode::kAuthenticate:
        case OpCode::kSupported:
            return fits(notation.u16(), length, 2);
        case OpCode::kAuthChallenge:
        case OpCode::kAuthSuccess:
            return true;
    }
    return false;
}

}  // namespace

std::optional<Header> parse_header(std::string_view bytes) {
    Header header;
    const std::uint32_t version = byte_at(bytes, 0);
    const std::uint32_t flags = byte_at(bytes, 1);
    header.response = (version & kResponse) != 0;
    header.version = static_cast<std::uint8_t>(version & ~std::uint32_t{kResponse});
    header.compressed = (flags & 0x01U) != 0;
    header.traced = (flags & 0x02U) != 0;
    header.has_payload = (flags & 0x04U) != 0;
    header.has_warnings = (flags & 0x08U) != 0;
    header.stream = static_cast<std::uint16_t>(read_u16(bytes.substr(2)));
    header.code = static_cast<OpCode>(byte_at(bytes, 4));
    header.length = read_u32(bytes.substr(5));
    const bool known = header.version >= kOldestVersion && header.version <= kNewestVersion && (flags & ~kKnownFlags) == 0;
    const bool fitting = header.response ? is_response(header.code) : is_request(header.code);
    const bool own_stream = header.response || (header.stream & 0x8000U) == 0;
    return known && fitting && own_stream && header.length <= kLongestFrame ? std::optional(header) : std::nullopt;
}

bool is_plausible(const Header& header, std::string_view body) {
    if (header.compressed) return true;
    const auto rest = behind_extras(header, body);
    return !rest || is_plausible_rest(header, *rest);
}

std::optional<Operation> operation_of(const Header& header, std::string_view body, const PreparedNames& prepared,
                                      std::string& buffer) {
    const bool of_statement = header.code == OpCode::kQuery || header.code == OpCode::kPrepare ||
                              header.code == OpCode::kExecute || header.code == OpCode::kBatch;
    if (!of_statement) return Operation{name_of_request(header.code), {}};
    const auto rest = behind_extras(header, body);
    if (!rest) return std::nullopt;
    Notation notation(*rest);
    if (header.code == OpCode::kBatch) return batch(notation, prepared, buffer);
    if (header.code == OpCode::kExecute) return execution(notation.text(), prepared);
    const auto text = notation.long_text();
    if (!text) return std::nullopt;
    return header.code == OpCode::kPrepare ? preparation(*text, notation.cut(), buffer)
                                           : statement(*text, notation.cut(), buffer);
}

bool asks_for_compression(std::string_view body) {
    Notation notation(body);
    const auto count = notation.u16();
    for (std::uint32_t i = 0; i < count.value_or(0) && !notation.cut(); ++i) {
        if (notation.text() == "COMPRESSION") return true;
        if (!notation.cut()) notation.text();
    }
    return false;
}

std::string_view prepared_id(const Header& header, std::string_view body) {
    constexpr std::uint32_t kPrepared = 4;
    const auto rest = behind_extras(header, body);
    if (header.code != OpCode::kResult || !rest) return {};
    Notation notation(*rest);
    if (notation.u32() != kPrepared) return {};
    const auto id = notation.text();
    return id && !notation.cut() ? *id : std::string_view();
}

std::string_view error_of(const Header& header, std::string_view body, std::string& buffer) {
    if (header.code != OpCode::kError) return {};
    const auto rest = behind_extras(header, body);
    const auto code = rest ? Notation(*rest).u32() : std::nullopt;
    return code ? name_error(*code, buffer) : "error";
}

}  // namespace footfall::cassandra
