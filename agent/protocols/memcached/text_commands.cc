// The text protocol and its meta commands.
#include <algorithm>
#include <array>
#include <charconv>

#include "agent/protocols/memcached/commands.h"

namespace footfall::memcached {
namespace {

constexpr std::uint64_t kLongestData = std::uint64_t{1} << 31U;
constexpr std::size_t kTokensMost = 24;

struct Known {
    std::string_view name;
    Family family;
};

constexpr std::array kCommands = std::to_array<Known>({
    {"get", kRead},
    {"gets", kRead},
    {"gat", kRead},
    {"gats", kRead},
    {"set", kStore},
    {"add", kStore},
    {"replace", kStore},
    {"append", kStore},
    {"prepend", kStore},
    {"cas", kStore},
    {"delete", kDelete},
    {"incr", kCount},
    {"decr", kCount},
    {"touch", kTouch},
    {"stats", kStats},
    {"version", kVersion},
    {"mg", kMeta},
    {"ms", kMeta},
    {"md", kMeta},
    {"ma", kMeta},
    {"me", kMeta},
    {"mn", kMetaNoop},
    {"quit", kOther},
    {"flush_all", kOther},
    {"verbosity", kOther},
    {"shutdown", kOther},
    {"slabs", kOther},
    {"lru", kOther},
    {"lru_crawler", kOther},
    {"watch", kOther},
    {"cache_memlimit", kOther},
    {"extstore", kOther},
    {"refresh_certs", kOther},
});

struct Told {
    std::string_view word;
    std::uint16_t families;
    Result result = Result::kOther;
};

constexpr std::array kReplies = std::to_array<Told>({
    {"STORED", kStore},
    {"END", kRead | kStats | kOther},
    {"HD", kMeta, Result::kDone},
    {"EN", kMeta | kOther, Result::kMiss},
    {"DELETED", kDelete},
    {"NOT_STORED", kStore},
    {"EXISTS", kStore},
    {"NOT_FOUND", kStore | kDelete | kCount | kTouch},
    {"TOUCHED", kTouch},
    {"OK", kOther | kStats},
    {"VERSION", kVersion},
    {"RESET", kStats},
    {"NS", kMeta},
    {"EX", kMeta},
    {"NF", kMeta, Result::kMiss},
    {"ME", kMeta},
    {"MN", kMetaNoop},
});

constexpr std::array kErrors = std::to_array<std::string_view>({"ERROR", "CLIENT_ERROR", "SERVER_ERROR"});

// The words of a line.
struct Tokens {
    explicit Tokens(std::string_view line) {
        while (count < kTokensMost) {
            const std::size_t begin = line.find_first_not_of(' ');
            if (begin == std::string_view::npos) return;
            line.remove_prefix(begin);
            at[count] = line.substr(0, line.find(' '));
            line.remove_prefix(at[count].size());
            ++count;
        }
    }
    [[nodiscard]] std::string_view last() const { return count == 0 ? std::string_view{} : at[count - 1]; }

    std::array<std::string_view, kTokensMost> at{};
    std::size_t count = 0;
};

std::optional<std::uint64_t> number_in(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<std::uint64_t> data_length_in(std::string_view text) {
    const auto length = number_in(text);
    return length && *length <= kLongestData ? length : std::nullopt;
}

// FNV-1a.
std::uint32_t hash_of(std::string_view text) {
    std::uint32_t hash = 2166136261U;
    for (const char byte : text) hash = (hash ^ static_cast<unsigned char>(byte)) * 16777619U;
    return hash;
}

// NF of md and ma is kept quiet by newer servers and told by older ones: a reply that does not come is none in any case.
Quiet quiet_of(std::string_view name) { return name == "mg" ? Quiet::kMiss : Quiet::kDone; }

// mg KEY FLAG…, ms KEY LENGTH FLAG…; opaque (O…) and key (k) come back with the reply, unless it is EN.
void take_meta_flags(Request& request, const Tokens& tokens) {
    for (std::size_t i = request.has_data ? 3 : 2; i < tokens.count; ++i) {
        const std::string_view flag = tokens.at[i];
        if (flag == "q") request.quiet = quiet_of(request.name);
        if (flag.starts_with('O') || (flag == "k" && !request.tagged)) {
            request.tagged = true;
            request.tag = hash_of(flag == "k" ? tokens.at[1] : flag);
        }
    }
}

void take_data(Request& request, std::string_view length) {
    const auto data = data_length_in(length);
    request.has_data = data.has_value();
    request.data = data.value_or(0);
}

void take_reply_tag(Reply& reply, const Tokens& tokens) {
    for (std::size_t i = reply.has_data ? 2 : 1; i < tokens.count; ++i) {
        const std::string_view flag = tokens.at[i];
        const bool key = flag.starts_with('k') && flag.size() > 1;
        if (!flag.starts_with('O') && !(key && !reply.tagged)) continue;
        reply.tagged = true;
        reply.tag = hash_of(key ? flag.substr(1) : flag);
    }
}

bool is_number(std::string_view text) {
    while (text.ends_with(' ')) text.remove_suffix(1);  // decr pads
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<Reply> with_data(std::uint16_t family, std::string_view length, bool continues) {
    const auto data = data_length_in(length);
    if (!data) return std::nullopt;
    return Reply{.families = family, .has_data = true, .continues = continues, .data = *data};
}

std::optional<Reply> told_by(std::string_view word) {
    for (const std::string_view error : kErrors) {
        if (word == error) return Reply{.families = kAnyFamily & ~std::uint16_t{kBinary}, .error = error};
    }
    for (const Told& known : kReplies) {
        if (word == known.word) return Reply{.families = known.families, .result = known.result};
    }
    return std::nullopt;
}

bool is_printable(std::string_view line) {
    return std::all_of(line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != '\x7f'; });
}

}  // namespace

std::optional<Request> request_of_line(std::string_view line) {
    const Tokens tokens(line);
    if (tokens.count == 0 || !is_printable(tokens.at[0])) return std::nullopt;
    const auto* const known =
        std::find_if(kCommands.begin(), kCommands.end(), [&](const Known& each) { return each.name == tokens.at[0]; });
    if (known == kCommands.end()) return Request{.name = kUnknownCommand};
    Request request{.name = known->name, .family = known->family};
    if (request.family == kStore && tokens.count >= 5) take_data(request, tokens.at[4]);
    if (request.name == "ms" && tokens.count >= 3) take_data(request, tokens.at[2]);
    if (request.family == kMeta) take_meta_flags(request, tokens);
    const bool may_be_silent = (request.family & (kStore | kDelete | kCount | kTouch | kOther)) != 0;
    request.unanswered = (may_be_silent && tokens.count > 1 && tokens.last() == "noreply") || request.name == "quit" ||
                         request.name == "shutdown";
    request.watches = request.name == "watch";
    return request;
}

std::optional<Reply> reply_of_line(std::string_view line) {
    const Tokens tokens(line);
    if (tokens.count == 0) return std::nullopt;
    const std::string_view word = tokens.at[0];
    if (word == "VALUE") return tokens.count >= 4 ? with_data(kRead, tokens.at[3], true) : std::nullopt;
    if (word == "STAT" || word == "ITEM") return Reply{.families = kStats | kOther, .continues = true};
    if (word.starts_with("key=")) return Reply{.families = kOther, .continues = true};
    if (is_number(line)) return Reply{.families = kCount};
    std::optional<Reply> reply = word == "VA" && tokens.count >= 2 ? with_data(kMeta, tokens.at[1], false) : told_by(word);
    if (!reply) return is_printable(line) ? std::optional(Reply{.families = kOther}) : std::nullopt;
    if ((reply->families & kMeta) != 0 && reply->error.empty()) take_reply_tag(*reply, tokens);
    return reply;
}

}  // namespace footfall::memcached
