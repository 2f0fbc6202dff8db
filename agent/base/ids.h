// Numbers that must not be mixed up: each is a type of its own.
#pragma once

#include <cstdint>
#include <functional>

namespace footfall {

// What users call pid: the kernel's thread group id. A thread's own id is a Tid.
enum class Pid : std::uint32_t {};
enum class Tid : std::uint32_t {};
enum class Uid : std::uint32_t {};

// One end of a stream socket, as the sockets probe numbers it. Unique while one footfall runs.
enum class ConnectionId : std::uint64_t {};

// Indexes into the tables that own the text (usage/names.h): small, stable for the life of a session.
enum class ServiceId : std::uint32_t {};
enum class OperationId : std::uint32_t {};
enum class ScriptFunctionId : std::uint32_t {};  // interpreters/script_functions.h

template <typename Id>
constexpr auto number(Id id) {
    return static_cast<std::underlying_type_t<Id>>(id);
}

}  // namespace footfall
