#include "agent/processes/service_name.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "agent/processes/cgroup_names.h"
#include "agent/processes/interpreters.h"

namespace footfall {
namespace {

constexpr std::uint32_t kSmallestCode[] = {0, 0, 0x80, 0x800, 0x10000};

// How many bytes the UTF-8 character at the start of text has, and which it is; nothing if it is none.
struct Character {
    std::uint32_t code = 0;
    std::size_t length = 0;
};

std::optional<Character> first_character(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text.front());
    if (lead < 0x80) return Character{lead, 1};
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return std::nullopt;
    std::uint32_t code = lead & (0x7FU >> length);
    for (const char c : text.substr(1, length - 1)) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte & 0xC0U) != 0x80U) return std::nullopt;
        code = code << 6U | (byte & 0x3FU);
    }
    if (code < kSmallestCode[length] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return std::nullopt;
    return Character{code, length};
}

bool is_printable(std::uint32_t code) {
    const bool control = code < 0x20 || (code >= 0x7F && code < 0xA0);
    const bool line_end = code == 0x2028 || code == 0x2029;
    const bool direction =
        (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) || code == 0x200E || code == 0x200F;
    return !control && !line_end && !direction;
}

std::string raw_name(const ProcessFacts& facts) {
    if (!facts.declared_service.empty()) return facts.declared_service;
    if (const auto id = container_id(facts.cgroups)) return "container:" + std::string(id->substr(0, kShortContainerId));
    if (const auto unit = systemd_service(facts.cgroups)) return std::string(*unit);
    if (!facts.executable.empty()) return program_name(facts.executable, facts.arguments, facts.comm);
    return facts.comm;
}

}  // namespace

std::string printable_name(std::string_view text, std::size_t limit) {
    std::string name;
    while (!text.empty()) {
        const auto character = first_character(text);
        const bool shown = character && is_printable(character->code);
        const std::size_t length = character ? character->length : 1;
        if (name.size() + (shown ? length : 1) > limit) break;
        name += shown ? text.substr(0, length) : std::string_view("?");
        text.remove_prefix(length);
    }
    return name;
}

std::string service_name(const ProcessFacts& facts) {
    std::string name = printable_name(raw_name(facts));
    return name.empty() ? "unknown" : name;
}

}  // namespace footfall
