// What the host says about itself that decides what footfall can do here: the half of doctor that needs no BPF.
//
// Reads files only, no privilege needed; what can't be read is empty. host_root is "/" but in tests. Threads: any.
#pragma once

#include <sys/utsname.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "agent/processes/capabilities.h"

namespace footfall {

struct HostFacts {
    std::string kernel;   // "6.1.0-18-amd64"
    std::string machine;  // "x86_64"
    std::string hostname;
    std::string operating_system;  // "Debian GNU/Linux 12 (bookworm)"
    std::string container;         // what footfall itself seems to run in: "docker", "podman", "lxc", …; empty: nothing
    std::string virtual_machine;   // "KVM", "Xen", "WSL", …, "unknown hypervisor"; empty: nothing known of one

    Capabilities effective;              // of this process
    bool initial_user_namespace = true;  // capabilities held in another one do not count for BPF
    std::string lockdown;  // "none", "integrity", "confidentiality"; empty: the kernel has no lockdown, or hides it

    std::optional<std::int64_t> unprivileged_bpf_disabled;
    std::optional<std::int64_t> perf_event_paranoid;
    std::optional<std::int64_t> kptr_restrict;

    bool kernel_btf = false;    // /sys/kernel/btf/vmlinux is there
    std::string tracefs_mount;  // empty: not mounted
    std::string bpffs_mount;
    std::string cgroup2_mount;
};

// system: what uname(2) says, for what old kernels don't have in /proc.
HostFacts read_host_facts(const std::filesystem::path& host_root, const utsname& system);

// Of this host.
HostFacts read_host_facts();

}  // namespace footfall
