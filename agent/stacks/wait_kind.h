// What a thread waits for, told from where it is in the kernel; where the kernel hides its names, from the system call.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace footfall {

enum class WaitKind : std::uint8_t {
    kOther,
    kIo,       // disks, files, pipes, terminals
    kLock,     // futexes, and locks of the kernel
    kNetwork,  // sockets, and polls of any descriptors: mostly sockets
    kSleep,    // for a time that it asked for
};

// "io", "lock", …
std::string_view name(WaitKind kind);

// kernel: function names, innermost first; may be empty. system_call: -1 for none.
WaitKind wait_kind(std::span<const std::string_view> kernel, std::int32_t system_call);

}  // namespace footfall
