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
static_assert(std::is_sorted(kCommandNames.begin(), kCommandNames.end()), "subcommands stand right behind their command");

// "CONFIG GET"; "_OTHER" for one that is not in the list.
constexpr std::string_view name_of(Command command) {
    return command == kOtherCommand ? "_OTHER" : kCommandNames.at(static_cast<std::size_t>(command));
}

namespace command_slots {

constexpr std::size_t kSlots = 1024;  // more than twice as many as commands

// FNV-1a.
constexpr std::size_t slot_of(std::string_view name) {
    std::uint32_t hash = 2166136261U;
    for (const char byte : name) hash = (hash ^ static_cast<std::uint8_t>(byte)) * 16777619U;
    return hash % kSlots;
}

// Every command lies in the slot of its name, or in the next one that was free.
inline constexpr auto kCommands = [] {
    static_assert(kSlots >= 2 * kCommandNames.size());
    std::array<Command, kSlots> slots{};
    slots.fill(kOtherCommand);
    for (std::size_t i = 0; i < kCommandNames.size(); ++i) {
        std::size_t slot = slot_of(kCommandNames[i]);
        while (slots[slot] != kOtherCommand) slot = (slot + 1) % kSlots;
        slots[slot] = Command{static_cast<std::uint16_t>(i)};
    }
    return slots;
}();

}  // namespace command_slots

// By its name as in the list.
constexpr Command named(std::string_view name) {
    using namespace command_slots;
    std::size_t slot = slot_of(name);
    while (kCommands[slot] != kOtherCommand && name_of(kCommands[slot]) != name) slot = (slot + 1) % kSlots;
    return kCommands[slot];
}

// By the first two words of a request, in any case; the second is looked at where the command has subcommands.
Command command_of(std::string_view word, std::string_view subcommand);

}  // namespace footfall::redis
