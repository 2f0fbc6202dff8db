#include "agent/protocols/redis/commands.h"

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

bool has_subcommands(Command command) { return kHasSubcommands.at(static_cast<std::size_t>(command)); }

}  // namespace

Command command_of(std::string_view word, std::string_view subcommand) {
    std::array<char, kLongestName> text{};
    if (word.empty() || word.size() > kWordLimit) return kOtherCommand;
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
