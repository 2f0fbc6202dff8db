#include "output/table/terminal_text.h"

#include <spdlog/fmt/fmt.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <span>

#include "output/session/utf8.h"

namespace footfall {
namespace {

struct Range {
    char32_t first;
    char32_t last;
};

// Sorted, as is kNoWidth and kWide.
constexpr std::array<Range, 16> kObeyedOrInvisible = {{{0x00, 0x1F},
                                                       {0x7F, 0x9F},
                                                       {0xAD, 0xAD},
                                                       {0x61C, 0x61C},
                                                       {0x115F, 0x1160},
                                                       {0x17B4, 0x17B5},
                                                       {0x180B, 0x180F},
                                                       {0x200B, 0x200F},
                                                       {0x2028, 0x202E},
                                                       {0x2060, 0x206F},
                                                       {0x3164, 0x3164},
                                                       {0xFE00, 0xFE0F},
                                                       {0xFEFF, 0xFEFF},
                                                       {0xFFA0, 0xFFA0},
                                                       {0xFFF0, 0xFFFB},
                                                       {0xE0000, 0xE0FFF}}};

// Combining marks of the scripts that are common in names.
constexpr std::array<Range, 26> kNoWidth = {
    {{0x300, 0x36F},   {0x483, 0x489},  {0x591, 0x5BD},   {0x5BF, 0x5BF},   {0x5C1, 0x5C2},   {0x5C4, 0x5C5},
     {0x610, 0x61A},   {0x64B, 0x65F},  {0x670, 0x670},   {0x6D6, 0x6DC},   {0x6DF, 0x6E4},   {0x6E7, 0x6E8},
     {0x6EA, 0x6ED},   {0x900, 0x902},  {0x93C, 0x93C},   {0x941, 0x948},   {0x94D, 0x94D},   {0xE31, 0xE31},
     {0xE34, 0xE3A},   {0xE47, 0xE4E},  {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x20D0, 0x20FF}, {0x302A, 0x302D},
     {0x3099, 0x309A}, {0xFE20, 0xFE2F}}};

constexpr std::array<Range, 16> kWide = {{{0x1100, 0x115E},
                                          {0x231A, 0x231B},
                                          {0x23E9, 0x23EC},
                                          {0x2614, 0x2615},
                                          {0x26A1, 0x26A1},
                                          {0x2705, 0x2705},
                                          {0x274C, 0x274C},
                                          {0x2E80, 0x303E},
                                          {0x3041, 0xA4CF},
                                          {0xA960, 0xA97C},
                                          {0xAC00, 0xD7A3},
                                          {0xF900, 0xFAFF},
                                          {0xFE30, 0xFE6F},
                                          {0xFF00, 0xFFE6},
                                          {0x1F300, 0x1FAFF},
                                          {0x20000, 0x3FFFD}}};

bool in(std::span<const Range> ranges, char32_t character) {
    const auto after = std::upper_bound(ranges.begin(), ranges.end(), character,
                                        [](char32_t value, const Range& range) { return value < range.first; });
    return after != ranges.begin() && character <= std::prev(after)->last;
}

std::size_t width_of(char32_t character) {
    if (in(kNoWidth, character)) return 0;
    return in(kWide, character) ? 2 : 1;
}

std::string_view escape_of(Tone tone) {
    switch (tone) {
        case Tone::kPlain:
            return {};
        case Tone::kHeading:
            return "\x1b[1m";
        case Tone::kQuiet:
            return "\x1b[2m";
        case Tone::kAlarm:
            return "\x1b[31m";
    }
    return {};
}

bool wants_colour() {
    const char* no_colour = std::getenv("NO_COLOR");
    const char* terminal = std::getenv("TERM");
    const bool asked_for_none = no_colour != nullptr && *no_colour != '\0';
    return !asked_for_none && terminal != nullptr && std::string_view(terminal) != "dumb";
}

}  // namespace

std::string terminal_safe(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const char32_t character = take_character(text).character;
        if (!in(kObeyedOrInvisible, character)) {
            append_utf8(out, character);
        } else if (character < 0x100) {
            out += fmt::format("\\x{:02x}", static_cast<std::uint32_t>(character));
        } else {
            out += fmt::format("\\u{{{:x}}}", static_cast<std::uint32_t>(character));
        }
    }
    return out;
}

std::size_t display_width(std::string_view text) {
    std::size_t width = 0;
    while (!text.empty()) width += width_of(take_character(text).character);
    return width;
}

std::string shortened(std::string_view text, std::size_t width) {
    if (display_width(text) <= width) return std::string(text);
    if (width == 0) return {};
    std::string out;
    for (std::size_t used = 0; !text.empty();) {
        const char32_t character = take_character(text).character;
        used += width_of(character);
        if (used > width - 1) break;
        append_utf8(out, character);
    }
    return out + "…";
}

TerminalStyle TerminalStyle::of(int fd) {
    if (::isatty(fd) == 0) return {};
    winsize size{};
    const bool known = ::ioctl(fd, TIOCGWINSZ, &size) == 0;
    return {.width = known ? size.ws_col : std::size_t{0}, .colour = wants_colour()};
}

std::string toned(std::string_view text, Tone tone, const TerminalStyle& style) {
    if (!style.colour || tone == Tone::kPlain || text.empty()) return std::string(text);
    return std::string(escape_of(tone)) + std::string(text) + "\x1b[0m";
}

}  // namespace footfall
