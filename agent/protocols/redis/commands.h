// The names of commands: a bounded list (commands.def), so that neither a key nor garbage ever becomes a name.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace footfall::redis {

constexpr std::size_t kWordLimit = 32;  // bytes kept of a word; every command's is shorter

// A command's place in the list.
enum class Command : std::uint16_t {};

inline constexpr std::array kCommandNames = std::to_array<std::string_view>({
#define FOOTFALL_REDIS_COMMAND(name) name,
#include "agent/protocols/redis/commands.def"
#undef FOOTFALL_REDIS_COMMAND
});
inline constexpr Command kOtherCommand{static_cast<std::uint16_t>(kCommandNames.size())};
static_assert(std::is_sorted(kCommandNames.begin(), kCommandNames.end()), "commands are found by halving");

// "CONFIG GET"; "_OTHER" for one that is not in the list.
constexpr std::string_view name_of(Command command) {
    return command == kOtherCommand ? "_OTHER" : kCommandNames.at(static_cast<std::size_t>(command));
}

// By its name as in the list.
constexpr Command named(std::string_view name) {
    const auto* const place = std::lower_bound(kCommandNames.begin(), kCommandNames.end(), name);
    if (place == kCommandNames.end() || *place != name) return kOtherCommand;
    return Command{static_cast<std::uint16_t>(place - kCommandNames.begin())};
}

// By the first two words of a request, in any case; the second is looked at where the command has subcommands.
Command command_of(std::string_view word, std::string_view subcommand);

}  // namespace footfall::redis
