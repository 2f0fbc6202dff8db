#include "agent/kernel/support.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <cap-ng.h>
#include <linux/capability.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <memory>

#include "agent/processes/host_facts.h"

namespace footfall {
namespace {

constexpr const char* kKernelBtf = "/sys/kernel/btf/vmlinux";
constexpr const char* kPrivilegeFix =
    "run it as root (sudo footfall …), or give the program what it needs: "
    "setcap cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search+ep $(command -v footfall)";
constexpr const char* kNamespaceFix =
    "run it outside of that namespace (which unshare -U and rootless containers make), as root of the host: sudo footfall …";

bool has_capability(unsigned int capability) {
    return capng_have_capability(CAPNG_EFFECTIVE, capability) != 0 ||
           capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_ADMIN) != 0;
}

std::string missing_capabilities() {
    capng_get_caps_process();
    std::string missing;
    if (!has_capability(CAP_BPF)) missing = "CAP_BPF";
    if (!has_capability(CAP_PERFMON)) missing += missing.empty() ? "CAP_PERFMON" : " and CAP_PERFMON";
    return missing;
}

std::string are_missing(const std::string& capabilities) {
    return capabilities + (capabilities.find(" and ") == std::string::npos ? " is" : " are") + " missing";
}

// What the kernel has against a ring buffer: 0, or an errno.
int refuses_ring_buffer() {
    const int ring =
        bpf_map_create(BPF_MAP_TYPE_RINGBUF, "footfall", 0, 0, static_cast<std::uint32_t>(getpagesize()), nullptr);
    if (ring < 0) return -ring;
    close(ring);
    return 0;
}

tl::unexpected<Error> no_ring_buffer(int error) {
    if (error == EPERM && !read_host_facts().initial_user_namespace) {
        return failure("no privilege to watch with BPF: what root may do in a user namespace, it may do only there",
                       kNamespaceFix, ExitCode::kNoPermission);
    }
    return system_failure("the kernel refuses to make a BPF ring buffer", error,
                          "it needs Linux 5.8 or newer with CONFIG_BPF_SYSCALL=y; in a container, bpf(2) must be allowed by "
                          "its seccomp profile",
                          error == EPERM ? ExitCode::kNoPermission : ExitCode::kUnavailable);
}

struct FreeBtf {
    void operator()(btf* types) const { btf__free(types); }
};

}  // namespace

Result<void> check_bpf_allowed() {
    if (const std::string missing = missing_capabilities(); !missing.empty()) {
        return failure("no privilege to watch with BPF: " + are_missing(missing), kPrivilegeFix, ExitCode::kNoPermission);
    }
    if (access(kKernelBtf, R_OK) != 0) {
        return failure(std::string("this kernel describes no types: ") + kKernelBtf + " is missing",
                       "use a kernel built with CONFIG_DEBUG_INFO_BTF=y (Debian's are, since 5.10)", ExitCode::kUnavailable);
    }
    if (const int error = refuses_ring_buffer(); error != 0) return no_ring_buffer(error);
    return {};
}

Result<void> check_others_readable() {
    static constexpr const char* kUnseen =
        ", services are called by their comm, and TLS, functions and the names of stacks may stay unseen";
    if (!read_host_facts().initial_user_namespace) {
        return failure(std::string("of processes outside of this user namespace") + kUnseen, kNamespaceFix,
                       ExitCode::kNoPermission);
    }
    capng_get_caps_process();
    // Nothing stands for these two.
    const auto lacks = [](unsigned int capability) { return capng_have_capability(CAPNG_EFFECTIVE, capability) == 0; };
    std::string missing;
    if (lacks(CAP_SYS_PTRACE)) missing = "CAP_SYS_PTRACE";
    if (lacks(CAP_DAC_READ_SEARCH)) missing += missing.empty() ? "CAP_DAC_READ_SEARCH" : " and CAP_DAC_READ_SEARCH";
    if (missing.empty()) return {};
    return failure(are_missing(missing) + ": of the processes of others" + kUnseen, kPrivilegeFix, ExitCode::kNoPermission);
}

bool has_socket_length_tracepoints() {
    const std::unique_ptr<btf, FreeBtf> types(btf__load_vmlinux_btf());
    if (!types) return false;
    if (btf__find_by_name_kind(types.get(), "btf_trace_sock_send_length", BTF_KIND_TYPEDEF) < 0) return false;
    // Until 6.5 sendfile went another way (proto_ops.sendpage), which passes no tracepoint (commit dc97391e6610).
    const int operations = btf__find_by_name_kind(types.get(), "proto_ops", BTF_KIND_STRUCT);
    if (operations < 0) return false;
    const btf_type* type = btf__type_by_id(types.get(), static_cast<std::uint32_t>(operations));
    const btf_member* members = btf_members(type);
    for (int i = 0; i < btf_vlen(type); ++i) {
        if (std::string_view(btf__name_by_offset(types.get(), members[i].name_off)) == "sendpage") return false;
    }
    return true;
}

}  // namespace footfall
