#include "agent/interpreters/process_memory.h"

#include <sys/types.h>
#include <sys/uio.h>

namespace footfall {

bool ProcessMemory::read(std::uint64_t address, std::span<std::byte> into) {
    const iovec local{into.data(), into.size()};
    // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of the other process
    const iovec remote{reinterpret_cast<void*>(address), into.size()};
    const auto pid = static_cast<pid_t>(number(pid_));
    return process_vm_readv(pid, &local, 1, &remote, 1, 0) == static_cast<ssize_t>(into.size());
}

}  // namespace footfall
