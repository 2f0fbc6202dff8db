#include "agent/processes/capabilities.h"

#include <linux/capability.h>

#include <array>
#include <string_view>

namespace footfall {
namespace {

constexpr std::array<std::string_view, 41> kNames{
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
};
static_assert(kNames[CAP_SYS_ADMIN] == "SYS_ADMIN" && kNames[CAP_PERFMON] == "PERFMON" && kNames[CAP_BPF] == "BPF" &&
              kNames[CAP_SYS_PTRACE] == "SYS_PTRACE" && kNames[CAP_CHECKPOINT_RESTORE] == "CHECKPOINT_RESTORE");

}  // namespace

bool Capabilities::grants(int capability) const {
    const bool carved_out = capability == CAP_BPF || capability == CAP_PERFMON || capability == CAP_SYSLOG ||
                            capability == CAP_CHECKPOINT_RESTORE;
    return has(capability) || (carved_out && has(CAP_SYS_ADMIN));
}

std::vector<std::string> Capabilities::names() const {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < 64; ++i)
        if (has(static_cast<int>(i)))
            names.push_back("CAP_" + (i < kNames.size() ? std::string(kNames[i]) : std::to_string(i)));
    return names;
}

}  // namespace footfall
