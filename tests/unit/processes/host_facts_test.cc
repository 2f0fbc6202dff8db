#include "agent/processes/host_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>

#include <cstring>

#include "tests/unit/processes/fake_tree.h"

namespace footfall {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

utsname system_called(const char* release) {
    utsname system{};
    std::strncpy(system.release, release, sizeof system.release - 1);
    std::strncpy(system.machine, "aarch64", sizeof system.machine - 1);
    std::strncpy(system.nodename, "box", sizeof system.nodename - 1);
    return system;
}

TEST(HostFacts, ReadsAHost) {
    const FakeTree host{
        {"proc/sys/kernel/osrelease", "6.1.0-18-amd64\n"},
        {"proc/sys/kernel/arch", "x86_64\n"},
        {"proc/sys/kernel/hostname", "web1\n"},
        {"proc/sys/kernel/unprivileged_bpf_disabled", "2\n"},
        {"proc/sys/kernel/perf_event_paranoid", "-1\n"},
        {"proc/sys/kernel/kptr_restrict", "odd\n"},
        {"etc/os-release", "NAME=\"Debian\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n"},
        {"proc/self/status", "Name:\tx\nCapPrm:\t0000000000000000\nCapEff:\t000000c000080000\n"},
        {"proc/self/uid_map", "         0          0 4294967295\n"},
        {"sys/kernel/security/lockdown", "none [integrity] confidentiality\n"},
        {"sys/kernel/btf/vmlinux", "\x9f\xeb"},
        {"proc/cpuinfo", "processor : 0\nflags\t\t: fpu hypervisor sse\n"},
        {"sys/class/dmi/id/sys_vendor", "QEMU\n"},
        {"proc/self/mountinfo",
         "24 22 0:12 / /sys/kernel/tracing rw - tracefs tracefs rw\n"
         "25 22 0:13 / /sys/fs/bpf\\040here rw - bpf bpf rw,mode=700\n"
         "31 22 0:28 / /sys/fs/cgroup rw shared:9 master:1 - cgroup2 cgroup2 rw\n"},
    };
    const HostFacts facts = read_host_facts(host.root(), system_called("never"));
    EXPECT_EQ(facts.kernel, "6.1.0-18-amd64");
    EXPECT_EQ(facts.machine, "x86_64");
    EXPECT_EQ(facts.hostname, "web1");
    EXPECT_EQ(facts.operating_system, "Debian GNU/Linux 12 (bookworm)");
    EXPECT_EQ(facts.container, "");
    EXPECT_EQ(facts.virtual_machine, "KVM or QEMU");
    EXPECT_THAT(facts.effective.names(), ElementsAre("CAP_SYS_PTRACE", "CAP_PERFMON", "CAP_BPF"));
    EXPECT_TRUE(facts.initial_user_namespace);
    EXPECT_EQ(facts.lockdown, "integrity");
    EXPECT_EQ(facts.unprivileged_bpf_disabled, 2);
    EXPECT_EQ(facts.perf_event_paranoid, -1);
    EXPECT_EQ(facts.kptr_restrict, std::nullopt);
    EXPECT_TRUE(facts.kernel_btf);
    EXPECT_EQ(facts.tracefs_mount, "/sys/kernel/tracing");
    EXPECT_EQ(facts.bpffs_mount, "/sys/fs/bpf here");
    EXPECT_EQ(facts.cgroup2_mount, "/sys/fs/cgroup");
}

TEST(HostFacts, AreEmptyWhereTheHostSaysNothing) {
    const FakeTree host{};
    const HostFacts facts = read_host_facts(host.root(), system_called("5.10.0"));
    EXPECT_EQ(facts.kernel, "5.10.0");
    EXPECT_EQ(facts.machine, "aarch64");
    EXPECT_EQ(facts.hostname, "box");
    EXPECT_EQ(facts.operating_system, "");
    EXPECT_EQ(facts.virtual_machine, "");
    EXPECT_EQ(facts.lockdown, "");
    EXPECT_EQ(facts.kptr_restrict, std::nullopt);
    EXPECT_FALSE(facts.kernel_btf);
    EXPECT_EQ(facts.tracefs_mount, "");
    EXPECT_THAT(facts.effective.names(), IsEmpty());
}

TEST(HostFacts, SeeContainersAndUserNamespaces) {
    const FakeTree docker{
        {".dockerenv", ""}, {"proc/self/uid_map", "0 100000 65536\n"}, {"usr/lib/os-release", "PRETTY_NAME=Alpine\n"}};
    const HostFacts facts = read_host_facts(docker.root(), system_called("6.1"));
    EXPECT_EQ(facts.container, "docker");
    EXPECT_FALSE(facts.initial_user_namespace);
    EXPECT_EQ(facts.operating_system, "Alpine");
    EXPECT_EQ(read_host_facts(FakeTree{{"run/.containerenv", ""}}.root(), system_called("6.1")).container, "podman");
    EXPECT_EQ(read_host_facts(FakeTree{{"run/systemd/container", "lxc\n"}}.root(), system_called("6.1")).container, "lxc");
    EXPECT_EQ(read_host_facts(FakeTree{}.root(), system_called("5.15.0-microsoft-standard-WSL2")).virtual_machine, "WSL");
}

TEST(Capabilities, SysAdminGrantsWhatWasCarvedOutOfIt) {
    const Capabilities admin{std::uint64_t{1} << CAP_SYS_ADMIN};
    EXPECT_TRUE(admin.grants(CAP_BPF));
    EXPECT_TRUE(admin.grants(CAP_PERFMON));
    EXPECT_FALSE(admin.has(CAP_BPF));
    EXPECT_FALSE(admin.grants(CAP_SYS_PTRACE));
    const Capabilities bpf{std::uint64_t{1} << CAP_BPF};
    EXPECT_TRUE(bpf.grants(CAP_BPF));
    EXPECT_FALSE(bpf.grants(CAP_PERFMON));
}

TEST(Capabilities, NewerThanTheListAreNumbers) {
    EXPECT_THAT(Capabilities{std::uint64_t{1} << 63U}.names(), ElementsAre("CAP_63"));
    EXPECT_EQ(Capabilities{(std::uint64_t{1} << 41U) - 1}.names().back(), "CAP_CHECKPOINT_RESTORE");
}

TEST(HostFacts, OfThisHostAreThere) {
    const HostFacts facts = read_host_facts();
    EXPECT_FALSE(facts.kernel.empty());
    EXPECT_FALSE(facts.machine.empty());
}

}  // namespace
}  // namespace footfall
