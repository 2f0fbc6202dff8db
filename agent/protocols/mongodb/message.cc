#include "agent/protocols/mongodb/message.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "agent/protocols/mongodb/bson_walk.h"
#include "agent/protocols/mongodb/commands.h"

namespace footfall::mongodb {
namespace {

constexpr std::size_t kFlagsOffset = 16;
constexpr std::size_t kReplyDocuments = 36 - kHeaderSize;  // of OP_REPLY, in the body
constexpr std::uint32_t kLongestMessage = 64U << 20U;      // servers take 48,000,000 bytes
constexpr std::uint32_t kRequiredFlags = 0xFFFF;  // of OP_MSG: who does not know one of these must refuse the message
constexpr std::uint32_t kKnownFlags = 3;
constexpr std::size_t kSectionsMost = 16;
constexpr std::size_t kNamespaceLimit = 256;
constexpr std::size_t kErrorNameLimit = 48;
constexpr std::string_view kOther = "_OTHER";

std::uint32_t shortest(OpCode code) {
    switch (code) {
        case OpCode::kMsg:
        case OpCode::kCompressed:
            return 26;
        case OpCode::kReply:
            return 36;
        case OpCode::kQuery:
        case OpCode::kGetMore:
        case OpCode::kInsert:
        case OpCode::kUpdate:
        case OpCode::kDelete:
        case OpCode::kKillCursors:
            return 24;
    }
    return kLongestMessage;  // no code of ours
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// How much of text is a hexadecimal word that counts or identifies something; 0 if it does not begin with one.
std::size_t hash_length(std::string_view text) {
    constexpr std::size_t kShortestHash = 8;
    std::size_t length = 0;
    bool digit = false;
    for (; length < text.size() && is_hex(text[length]); ++length) digit |= is_digit(text[length]);
    const bool ends = length == text.size() || !is_letter(text[length]);
    return ends && digit && length >= kShortestHash ? length : 0;
}

std::size_t digits_length(std::string_view text) {
    return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
}

// What stands for the start of text in a name, and how much of text that is.
struct Folded {
    std::string_view text;
    std::size_t length = 0;
};

Folded fold_front(std::string_view text, bool in_word) {
    if (const std::size_t hash = in_word ? 0 : hash_length(text)) return {"{hash}", hash};
    if (const std::size_t digits = digits_length(text); digits > 1) return {"{n}", digits};
    if (static_cast<unsigned char>(text.front()) < ' ') return {"?", 1};
    return {text.substr(0, 1), 1};
}

std::string_view fold(std::string_view name, TargetBuffer& buffer) {
    std::size_t filled = 0;
    bool in_word = false;
    while (!name.empty()) {
        const Folded folded = fold_front(name, in_word);
        if (filled + folded.text.size() > buffer.size()) break;
        filled += folded.text.copy(buffer.data() + filled, folded.text.size());
        in_word = is_letter(name.front()) || is_digit(name.front());
        name.remove_prefix(folded.length);
    }
    return {buffer.data(), filled};
}

std::string_view collection(std::string_view name, TargetBuffer& buffer) {
    return name.starts_with("$cmd") ? std::string_view() : fold(name, buffer);
}

// Of a getMore: the cursor's number comes first.
std::string_view collection_of_cursor(BsonWalk walk, TargetBuffer& buffer) {
    while (const auto element = walk.next()) {
        if (element->name == "collection" && element->type == BsonType::kString) return collection(element->value, buffer);
    }
    return {};
}

std::optional<Operation> operation_of_command(std::string_view document, TargetBuffer& buffer) {
    BsonWalk walk(document);
    const auto first = walk.next();
    if (!first) return std::nullopt;
    if (first->type == BsonType::kDocument && (first->name == "$query" || first->name == "query")) {
        return operation_of_command(first->value, buffer);
    }
    const Command* command = find_command(first->name);
    if (command == nullptr) return Operation{kOther, {}};
    if (command->names_collection && first->type == BsonType::kString) {
        return Operation{command->name, collection(first->value, buffer)};
    }
    if (command->name == "getMore") return Operation{command->name, collection_of_cursor(walk, buffer)};
    return Operation{command->name, {}};
}

// By what a command calls its sequence of documents.
std::optional<Operation> operation_of_sequence(std::string_view name) {
    if (name == "documents") return Operation{"insert", {}};
    if (name == "updates") return Operation{"update", {}};
    if (name == "deletes") return Operation{"delete", {}};
    if (name == "ops" || name == "nsInfo") return Operation{"bulkWrite", {}};
    return std::nullopt;
}

struct Sections {
    std::string_view document;  // of the command, from its first byte on
    std::string_view sequence;  // the name of a sequence in front of it
    bool broken = false;
};

// body begins behind the kind of the first section.
Sections sections_of(bool body_first, std::string_view body, std::uint64_t whole) {
    Sections found;
    bool at_document = body_first;
    for (std::size_t i = 0; i < kSectionsMost; ++i) {
        if (at_document) {
            found.document = body;
            return found;
        }
        if (body.size() < 4) return found;
        const std::uint64_t size = read_u32(body);
        found.broken = size < 5 || size > whole;
        if (found.broken) return found;
        const std::string_view name = body.substr(4, size - 4);
        if (name.find('\0') != std::string_view::npos) found.sequence = name.substr(0, name.find('\0'));
        if (size + 1 >= body.size()) return found;
        at_document = body[size] == 0;
        body.remove_prefix(size + 1);
        whole -= std::min(whole, size + 1);
    }
    return found;
}

std::optional<Operation> operation_of_msg(const Header& header, std::string_view body, TargetBuffer& buffer) {
    const Sections sections = sections_of(header.body_first, body, header.length - kHeaderSize);
    if (sections.document.empty()) return operation_of_sequence(sections.sequence);
    auto operation = operation_of_command(sections.document, buffer);
    return operation ? operation : operation_of_sequence(sections.sequence);
}

// "database.collection", whose first character is the last byte of the header.
struct Namespace {
    std::array<char, kNamespaceLimit> buffer{};
    std::size_t length = 0;
    std::string_view rest;  // of the body, behind it

    [[nodiscard]] std::string_view collection() const {
        const std::string_view name(buffer.data(), length);
        const std::size_t dot = name.find('.');
        return dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
    }
};

std::optional<Namespace> namespace_of(std::string_view bytes, std::string_view body) {
    const std::size_t end = body.substr(0, kNamespaceLimit - 1).find('\0');
    if (end == std::string_view::npos || bytes.back() == '\0') return std::nullopt;
    Namespace found;
    found.buffer[0] = bytes.back();
    std::copy_n(body.begin(), end, found.buffer.begin() + 1);
    found.length = end + 1;
    found.rest = body.substr(end + 1);
    return found;
}

std::optional<Operation> operation_of_query(const Namespace& name, TargetBuffer& buffer) {
    constexpr std::size_t kNumbers = 8;  // to skip, to return
    if (name.collection() != "$cmd") return Operation{"find", collection(name.collection(), buffer), false};
    return name.rest.size() < kNumbers ? std::nullopt : operation_of_command(name.rest.substr(kNumbers), buffer);
}

std::string_view error_name(std::string_view name) {
    const bool clean = !name.empty() && name.size() <= kErrorNameLimit && is_letter(name.front()) &&
                       std::all_of(name.begin(), name.end(), [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
    return clean ? name : std::string_view();
}

// What a document says of an error.
struct Told {
    std::optional<std::int64_t> ok;
    std::optional<std::int64_t> code;
    std::string_view code_name;
    std::string_view write_errors;
    std::string_view write_concern_error;
};

Told read_result(std::string_view document) {
    Told told;
    BsonWalk walk(document);
    while (const auto element = walk.next()) {
        const bool is_text = element->type == BsonType::kString && element->whole;
        if (element->name == "ok") told.ok = integer_of(*element);
        if (element->name == "code") told.code = integer_of(*element);
        if (element->name == "codeName" && is_text) told.code_name = error_name(element->value);
        if (element->name == "writeErrors") told.write_errors = element->value;
        if (element->name == "writeConcernError") told.write_concern_error = element->value;
    }
    return told;
}

Result error_of(std::string_view code_name, std::optional<std::int64_t> code, std::string_view otherwise) {
    Result result;
    result.outcome = Outcome::kError;
    result.name = code_name.empty() ? otherwise : code_name;
    if (!code_name.empty() || !code) return result;
    const auto end = std::to_chars(result.digits.data(), result.digits.data() + result.digits.size(), *code);
    if (end.ec == std::errc()) result.digits_length = static_cast<std::size_t>(end.ptr - result.digits.data());
    return result;
}

Result result_of_command(std::string_view document) {
    constexpr std::size_t kEmptyArray = 5;
    const Told told = read_result(document);
    if (told.ok && *told.ok == 0) return error_of(told.code_name, told.code, "error");
    if (told.write_errors.size() > kEmptyArray || (!told.ok && !told.write_errors.empty())) {
        const auto first = BsonWalk(told.write_errors).next();
        const Told error = first ? read_result(first->value) : Told();
        return error_of(error.code_name, error.code, "WriteError");
    }
    if (!told.write_concern_error.empty()) {
        const Told error = read_result(told.write_concern_error);
        return error_of(error.code_name, error.code, "WriteConcernError");
    }
    return {};
}

}  // namespace

bool Header::unacknowledged() const {
    switch (code) {
        case OpCode::kInsert:
        case OpCode::kUpdate:
        case OpCode::kDelete:
        case OpCode::kKillCursors:
            return true;
        case OpCode::kMsg:
            return more_to_come();
        case OpCode::kReply:
        case OpCode::kQuery:
        case OpCode::kGetMore:
        case OpCode::kCompressed:
            return false;
    }
    return false;
}

bool begins_message(std::string_view bytes) {
    if (bytes.size() < kFlagsOffset) return false;
    const std::uint32_t length = read_u32(bytes);
    return length >= shortest(static_cast<OpCode>(read_u32(bytes.substr(12)))) && length < kLongestMessage;
}

std::optional<Header> parse_header(std::string_view bytes) {
    if (!begins_message(bytes)) return std::nullopt;
    Header header;
    header.length = read_u32(bytes);
    header.request_id = read_u32(bytes.substr(4));
    header.response_to = read_u32(bytes.substr(8));
    header.code = static_cast<OpCode>(read_u32(bytes.substr(12)));
    header.flags = read_u32(bytes.substr(kFlagsOffset));
    if (header.code != OpCode::kMsg) return header;
    const char kind = bytes.back();
    if ((header.flags & kRequiredFlags & ~kKnownFlags) != 0 || (kind != 0 && kind != 1)) return std::nullopt;
    header.body_first = kind == 0;
    return header;
}

std::optional<Operation> operation_of(const Header& header, std::string_view bytes, std::string_view body,
                                      TargetBuffer& buffer) {
    if (header.code == OpCode::kMsg) return operation_of_msg(header, body, buffer);
    if (header.code == OpCode::kKillCursors) return Operation{"killCursors", {}};
    const auto name = namespace_of(bytes, body);
    if (!name) return std::nullopt;
    switch (header.code) {
        case OpCode::kQuery:
            return operation_of_query(*name, buffer);
        case OpCode::kGetMore:
            return Operation{"getMore", collection(name->collection(), buffer), false};
        case OpCode::kInsert:
            return Operation{"insert", collection(name->collection(), buffer)};
        case OpCode::kUpdate:
            return Operation{"update", collection(name->collection(), buffer)};
        case OpCode::kDelete:
            return Operation{"delete", collection(name->collection(), buffer)};
        case OpCode::kReply:
        case OpCode::kCompressed:
        case OpCode::kMsg:
        case OpCode::kKillCursors:
            return std::nullopt;
    }
    return std::nullopt;
}

bool is_plausible(const Header& header, std::string_view bytes, std::string_view body) {
    const auto is_document = [](std::string_view document, std::uint64_t most) {
        if (document.size() < 4) return true;
        const std::uint32_t length = bson_length(document);
        BsonWalk walk(document);
        walk.next();
        return length != 0 && length <= most && !walk.broken();
    };
    const std::uint64_t whole = header.length - kHeaderSize;
    switch (header.code) {
        case OpCode::kMsg: {
            const Sections sections = sections_of(header.body_first, body, whole);
            return !sections.broken && is_document(sections.document, whole);
        }
        case OpCode::kReply:
            return body.size() <= kReplyDocuments || is_document(body.substr(kReplyDocuments), whole);
        case OpCode::kKillCursors:
            return true;
        case OpCode::kQuery:
        case OpCode::kGetMore:
        case OpCode::kInsert:
        case OpCode::kUpdate:
        case OpCode::kDelete: {
            const auto name = namespace_of(bytes, body);
            return name && !name->collection().empty();
        }
        case OpCode::kCompressed:
            return true;
    }
    return false;
}

Result result_of(const Header& header, bool command, std::string_view body) {
    if (header.code != OpCode::kReply) {
        return result_of_command(sections_of(header.body_first, body, header.length - kHeaderSize).document);
    }
    const std::string_view document = body.size() > kReplyDocuments ? body.substr(kReplyDocuments) : std::string_view();
    if ((header.flags & 1U) != 0) return error_of("CursorNotFound", {}, {});
    if ((header.flags & 2U) != 0) return error_of({}, read_result(document).code, "QueryFailure");
    return command ? result_of_command(document) : Result();
}

}  // namespace footfall::mongodb
