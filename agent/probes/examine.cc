#include "agent/probes/examine.h"

#include <unistd.h>

#include <string>
#include <utility>

#include "agent/kernel/support.h"
#include "agent/probes/probe_set.h"
#include "agent/probes/stack_probe.h"

namespace footfall {
namespace {

using Verdict = Finding::Verdict;

Finding from_result(std::string name, std::string detail, const Result<void>& result) {
    if (result) return {Verdict::kOk, std::move(name), std::move(detail), {}};
    return {Verdict::kFailure, std::move(name), result.error().what, result.error().fix, result.error().exit_code};
}

Finding examine_privileges() {
    const Result<void> readable = check_others_readable();
    if (!readable) return {Verdict::kWarning, "privileges", readable.error().what, readable.error().fix};
    return {Verdict::kOk, "privileges", "processes of all users may be looked into", {}};
}

Finding examine_hook() {
    if (has_socket_length_tracepoints()) {
        return {Verdict::kOk, "socket hook", "tracepoints inside of the socket calls: other system calls pay nothing", {}};
    }
    return {Verdict::kWarning, "socket hook",
            "exit of all system calls (this kernel has no usable sock_send_length tracepoint)",
            "Linux 6.5 or newer makes watching cheaper for the whole host"};
}

Finding examine_stacks(const ff_probe_config& nobody, const ProbeSet& probes) {
    auto stacks = StackProbe::load({.who = nobody, .waits = true}, probes.shared_maps());
    Result<void> attached = stacks ? stacks->attach_waits() : Result<void>(tl::unexpected<Error>(stacks.error()));
    if (attached) attached = stacks->take_waiting([] {});
    if (attached) attached = stacks->attach_clock();
    if (!attached) return {Verdict::kWarning, "stacks", attached.error().what, attached.error().fix};
    return {Verdict::kOk, "stacks", "sampled by " + std::string(stacks->clock()) + "; waits are seen, too", {}};
}

// Loads and attaches everything for a moment, with nobody watched.
void examine_probes(std::vector<Finding>& findings) {
    ProbeSettings nobody;
    nobody.who.own_pid = static_cast<std::uint32_t>(getpid());
    nobody.who.by_pid = 1;
    nobody.ring_bytes = 64U << 10;
    auto probes = ProbeSet::load(nobody);
    if (!probes) {
        findings.push_back(from_result("probes", {}, tl::unexpected<Error>(probes.error())));
        return;
    }
    findings.push_back(from_result("probes", "all programs load and attach", probes->attach()));
    findings.push_back(examine_stacks(nobody.who, *probes));
}

}  // namespace

std::vector<Finding> examine_kernel() {
    std::vector<Finding> findings{examine_privileges()};
    const Result<void> allowed = check_bpf_allowed();
    findings.push_back(from_result("bpf", "programs may be loaded, kernel types are there", allowed));
    if (!allowed) return findings;
    findings.push_back(examine_hook());
    examine_probes(findings);
    return findings;
}

}  // namespace footfall
