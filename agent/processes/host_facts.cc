#include "agent/processes/host_facts.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include "agent/base/text.h"
#include "agent/processes/mounts.h"
#include "agent/processes/small_file.h"

namespace footfall {
namespace {

namespace fs = std::filesystem;
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kVendors{{
    {"QEMU", "KVM or QEMU"},
    {"KVM", "KVM or QEMU"},
    {"Amazon EC2", "Amazon EC2"},
    {"Google", "Google Compute Engine"},
    {"VMware", "VMware"},
    {"innotek", "VirtualBox"},
    {"Xen", "Xen"},
    {"Microsoft Corporation", "Hyper-V"},
}};
constexpr std::string_view kEffectiveKey = "CapEff:\t";
constexpr std::array<std::string_view, 3> kWholeIdRange{"0", "0", "4294967295"};

std::string first_line(const fs::path& file) { return read_first_line(file).value_or(""); }

bool is_there(const fs::path& path) {
    std::error_code error;
    return fs::exists(path, error);
}

std::optional<std::int64_t> read_number(const fs::path& file) {
    const std::string line = first_line(file);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
    return error == std::errc() && end == line.data() + line.size() ? std::optional(value) : std::nullopt;
}

// KEY="value" or KEY=value.
std::string os_release_value(const fs::path& file, std::string_view key) {
    const std::string text = read_small_file(file).value_or("");
    for (const std::string_view line : split(text, '\n')) {
        if (!line.starts_with(key) || line.substr(key.size(), 1) != "=") continue;
        std::string_view value = line.substr(key.size() + 1);
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
        return std::string(value);
    }
    return {};
}

std::string read_operating_system(const fs::path& root) {
    const std::string name = os_release_value(root / "etc/os-release", "PRETTY_NAME");
    return name.empty() ? os_release_value(root / "usr/lib/os-release", "PRETTY_NAME") : name;
}

std::string read_container(const fs::path& root) {
    if (is_there(root / ".dockerenv")) return "docker";
    if (is_there(root / "run/.containerenv")) return "podman";
    // systemd writes it for every container manager that says its name.
    return first_line(root / "run/systemd/container");
}

bool has_hypervisor_flag(const fs::path& root) {
    const std::string cpuinfo = read_small_file(root / "proc/cpuinfo").value_or("");
    for (const std::string_view line : split(cpuinfo, '\n')) {
        if (!line.starts_with("flags")) continue;
        const auto flags = split(line, ' ');
        return std::find(flags.begin(), flags.end(), "hypervisor") != flags.end();
    }
    return false;
}

std::string read_virtual_machine(const fs::path& root, std::string_view kernel) {
    if (kernel.find("microsoft") != std::string_view::npos || kernel.find("WSL") != std::string_view::npos) return "WSL";
    if (first_line(root / "sys/hypervisor/type") == "xen") return "Xen";
    if (!has_hypervisor_flag(root)) return {};
    const std::string vendor = first_line(root / "sys/class/dmi/id/sys_vendor");
    for (const auto& [prefix, name] : kVendors)
        if (vendor.starts_with(prefix)) return std::string(name);
    return "unknown hypervisor";
}

Capabilities read_capabilities(const fs::path& root) {
    const std::string status = read_small_file(root / "proc/self/status").value_or("");
    Capabilities capabilities;
    for (const std::string_view line : split(status, '\n'))
        if (line.starts_with(kEffectiveKey))
            std::from_chars(line.data() + kEffectiveKey.size(), line.data() + line.size(), capabilities.mask, 16);
    return capabilities;
}

// Only the first namespace maps all ids to themselves.
bool in_initial_user_namespace(const fs::path& root) {
    const auto map = read_first_line(root / "proc/self/uid_map");
    if (!map) return true;
    auto fields = split(*map, ' ');
    std::erase(fields, std::string_view());
    return std::equal(fields.begin(), fields.end(), kWholeIdRange.begin(), kWholeIdRange.end());
}

// "none [integrity] confidentiality"
std::string read_lockdown(const fs::path& root) {
    const std::string line = first_line(root / "sys/kernel/security/lockdown");
    const std::size_t open = line.find('[');
    const std::size_t close = line.find(']', open == std::string::npos ? 0 : open);
    return open == std::string::npos || close == std::string::npos ? std::string() : line.substr(open + 1, close - open - 1);
}

std::string mount_point(const std::vector<Mount>& mounts, std::string_view type) {
    const Mount* mount = find_mount(mounts, type);
    return mount == nullptr ? std::string() : mount->point;
}

std::string or_else(const std::string& text, const char* fallback) { return text.empty() ? fallback : text; }

}  // namespace

HostFacts read_host_facts(const fs::path& root, const utsname& system) {
    const fs::path sysctl = root / "proc/sys/kernel";
    const auto mounts = read_mounts(root);
    HostFacts facts;
    facts.kernel = or_else(first_line(sysctl / "osrelease"), system.release);
    facts.machine = or_else(first_line(sysctl / "arch"), system.machine);
    facts.hostname = or_else(first_line(sysctl / "hostname"), system.nodename);
    facts.operating_system = read_operating_system(root);
    facts.container = read_container(root);
    facts.virtual_machine = read_virtual_machine(root, facts.kernel);
    facts.effective = read_capabilities(root);
    facts.initial_user_namespace = in_initial_user_namespace(root);
    facts.lockdown = read_lockdown(root);
    facts.unprivileged_bpf_disabled = read_number(sysctl / "unprivileged_bpf_disabled");
    facts.perf_event_paranoid = read_number(sysctl / "perf_event_paranoid");
    facts.kptr_restrict = read_number(sysctl / "kptr_restrict");
    facts.kernel_btf = is_there(root / "sys/kernel/btf/vmlinux");
    facts.tracefs_mount = mount_point(mounts, "tracefs");
    facts.bpffs_mount = mount_point(mounts, "bpf");
    facts.cgroup2_mount = mount_point(mounts, "cgroup2");
    return facts;
}

HostFacts read_host_facts() {
    utsname system{};
    uname(&system);
    return read_host_facts("/", system);
}

}  // namespace footfall
