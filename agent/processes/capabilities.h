// Linux capabilities by name, from the masks in /proc/PID/status.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace footfall {

struct Capabilities {
    std::uint64_t mask = 0;  // bit n: capability number n of linux/capability.h

    [[nodiscard]] bool has(int capability) const { return (mask >> static_cast<unsigned>(capability) & 1U) != 0; }

    // Whether the kernel would grant it: CAP_SYS_ADMIN stands for CAP_BPF, CAP_PERFMON, CAP_SYSLOG and
    // CAP_CHECKPOINT_RESTORE, which were carved out of it.
    [[nodiscard]] bool grants(int capability) const;

    // "CAP_BPF", …, in the order of their numbers; one that is newer than this list is "CAP_" and its number.
    [[nodiscard]] std::vector<std::string> names() const;
};

}  // namespace footfall
