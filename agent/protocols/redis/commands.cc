#include "agent/protocols/redis/commands.h"

#include <cstdint>

namespace footfall::redis {
namespace {

constexpr std::size_t kLongestName = 2 * kWordLimit + 1;

char upper(char byte) { return byte >= 'a' && byte <= 'z' ? static_cast<char>(byte - 'a' + 'A') : byte; }

// By command: whether subcommands stand behind it.
constexpr auto kHasSubcommands = [] {
    std::array<bool, kCommandNames.size()> has{};
    for (std::size_t i = 0; i + 1 < kCommandNames.size(); ++i) {
        const std::string_view name = kCommandNames[i];
        const std::string_view next = kCommandNames[i + 1];
        has[i] = next.size() > name.size() && next.starts_with(name) && next[name.size()] == ' ';
    }
    return has;
}();

// Most commands are words of up to eight bytes. Those are looked up as one number, the first byte lowest: a client that
// pipelines sends millions of them a second.
constexpr std::size_t kShort = sizeof(std::uint64_t);

constexpr std::uint64_t packed(std::string_view word) {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < word.size(); ++i) number |= std::uint64_t{static_cast<std::uint8_t>(word[i])} << (8 * i);
    return number;
}

// The same in upper case, all bytes at once: bit 7 of each byte says whether it is from 'a' to 'z'.
constexpr std::uint64_t upper_of(std::uint64_t bytes) {
    constexpr std::uint64_t kEach = 0x0101010101010101;
    const std::uint64_t low = bytes & 0x7F * kEach;
    const std::uint64_t from_a = low + (0x80 - 'a') * kEach;
    const std::uint64_t beyond_z = low + (0x7F - 'z') * kEach;
    const std::uint64_t letters = (from_a ^ beyond_z) & ~bytes & 0x80 * kEach;
    return bytes - (letters >> 2);
}
static_assert(upper_of(packed("aZz{`1\xE1")) == packed("AZZ{`1\xE1"));

struct ShortCommand {
    std::uint64_t word = 0;
    Command command = kOtherCommand;
};

constexpr std::size_t kShortBits = 9;

constexpr std::size_t short_slot(std::uint64_t word) { return word * 0x9E3779B97F4A7C15 >> (64 - kShortBits); }

// As command_slots::kCommands.
constexpr auto kShortCommands = [] {
    std::array<ShortCommand, std::size_t{1} << kShortBits> slots{};
    for (std::size_t i = 0; i < kCommandNames.size(); ++i) {
        if (kCommandNames[i].size() > kShort || kCommandNames[i].find(' ') != std::string_view::npos) continue;
        const std::uint64_t word = packed(kCommandNames[i]);
        std::size_t slot = short_slot(word);
        while (slots[slot].word != 0) slot = (slot + 1) % slots.size();
        slots[slot] = {word, Command{static_cast<std::uint16_t>(i)}};
    }
    return slots;
}();

Command short_command(std::string_view word) {
    const std::uint64_t wanted = upper_of(packed(word));
    std::size_t slot = short_slot(wanted);
    while (kShortCommands[slot].word != 0 && kShortCommands[slot].word != wanted) slot = (slot + 1) % kShortCommands.size();
    const Command found = kShortCommands[slot].command;
    // Zero bytes behind a word make the same number.
    return found == kOtherCommand || name_of(found).size() == word.size() ? found : kOtherCommand;
}

bool has_subcommands(Command command) { return kHasSubcommands.at(static_cast<std::size_t>(command)); }

}  // namespace

Command command_of(std::string_view word, std::string_view subcommand) {
    if (word.empty() || word.size() > kWordLimit) return kOtherCommand;
    if (word.size() <= kShort) {
        const Command command = short_command(word);
        if (command == kOtherCommand || !has_subcommands(command)) return command;
    }
    std::array<char, kLongestName> text{};
    std::size_t length =
        static_cast<std::size_t>(std::transform(word.begin(), word.end(), text.begin(), upper) - text.begin());
    const Command command = named({text.data(), length});
    if (command == kOtherCommand || subcommand.empty() || subcommand.size() > kWordLimit || !has_subcommands(command)) {
        // A word with a space in it looks like a command with its subcommand, and is none.
        return word.find(' ') == std::string_view::npos ? command : kOtherCommand;
    }
    text[length++] = ' ';
    length = static_cast<std::size_t>(
        std::transform(subcommand.begin(), subcommand.end(), text.begin() + static_cast<std::ptrdiff_t>(length), upper) -
        text.begin());
    const Command whole = named({text.data(), length});
    return whole == kOtherCommand ? command : whole;
}

}  // namespace footfall::redis
