// footfall doctor: what works on this host, what doesn't, why, and the fix.
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "agent/cli/command.h"
#include "agent/cli/list_option.h"
#include "agent/kernel/support.h"
#include "agent/probes/examine.h"
#include "agent/probes/examine_tls.h"
#include "agent/processes/host_facts.h"
#include "agent/processes/selectors.h"
#include "output/table/terminal_text.h"

namespace footfall {
namespace {

using Verdict = Finding::Verdict;

struct DoctorFlags {
    bool json = false;
    std::vector<std::uint32_t> pids;
};

const char* word_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::kOk:
            return "ok";
        case Verdict::kWarning:
            return "warn";
        case Verdict::kFailure:
            return "FAIL";
    }
    __builtin_unreachable();
}

Tone tone_of(Verdict verdict) { return verdict == Verdict::kFailure ? Tone::kAlarm : Tone::kPlain; }

// What the host says about itself; none of these fails by itself, since only trying decides.
std::vector<Finding> examine_host() {
    const HostFacts host = read_host_facts();
    std::vector<Finding> findings;
    findings.push_back({Verdict::kOk, "host", host.operating_system + ", kernel " + host.kernel + " " + host.machine, {}});
    if (!host.container.empty()) {
        findings.push_back({Verdict::kWarning, "container", "footfall runs in a container (" + host.container + ")",
                            "it sees the processes of its own pid namespace only: run it with --pid=host"});
    }
    if (host.lockdown == "confidentiality") {
        findings.push_back({Verdict::kFailure, "lockdown",
                            "kernel lockdown is 'confidentiality', which forbids BPF to read memory",
                            "boot with lockdown=integrity"});
    }
    findings.push_back({host.kernel_btf ? Verdict::kOk : Verdict::kFailure, "kernel types",
                        host.kernel_btf ? "/sys/kernel/btf/vmlinux" : "no /sys/kernel/btf/vmlinux",
                        host.kernel_btf ? "" : "use a kernel built with CONFIG_DEBUG_INFO_BTF=y"});
    findings.push_back({host.cgroup2_mount.empty() ? Verdict::kWarning : Verdict::kOk, "cgroup v2",
                        host.cgroup2_mount.empty() ? "not mounted: --unit, --container and --cgroup follow processes by pid"
                                                   : host.cgroup2_mount,
                        ""});
    return findings;
}

void print_text(const std::vector<Finding>& findings) {
    const TerminalStyle style = TerminalStyle::of(fileno(stdout));
    for (const Finding& finding : findings) {
        std::printf("%s  %-14s %s\n", toned(word_of(finding.verdict), tone_of(finding.verdict), style).c_str(),
                    finding.name.c_str(), finding.detail.c_str());
        if (!finding.fix.empty()) std::printf("      %-14s fix: %s\n", "", finding.fix.c_str());
    }
}

void print_json(const std::vector<Finding>& findings) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const Finding& finding : findings) {
        list.push_back({{"verdict", word_of(finding.verdict)},
                        {"name", finding.name},
                        {"detail", finding.detail},
                        {"fix", finding.fix}});
    }
    const nlohmann::ordered_json all = {{"schema", "footfall.doctor/v1"}, {"findings", list}};
    std::printf("%s\n", all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}

// 0 if all is well or only warned of; else what a recording would end with.
int exit_code_of(const std::vector<Finding>& findings) {
    if (const auto allowed = check_bpf_allowed(); !allowed) return static_cast<int>(allowed.error().exit_code);
    for (const Finding& finding : findings) {
        if (finding.verdict == Verdict::kFailure) return static_cast<int>(finding.exit_code);
    }
    return 0;
}

// As record would find them, so that a slip of the pen is told alike.
Result<void> check_processes(const std::vector<std::uint32_t>& pids) {
    if (pids.empty()) return {};
    TargetSpec spec;
    for (const std::uint32_t pid : pids) spec.pids.push_back(Pid{pid});
    const HostView host;
    const auto selectors = Selectors::resolve(spec, host);
    if (!selectors) return tl::unexpected(selectors.error());
    if (const auto watch = selectors->watch(host); !watch) return tl::unexpected(watch.error());
    return {};
}

Result<int> examine(const DoctorFlags& flags) {
    if (const auto there = check_processes(flags.pids); !there) return tl::unexpected(there.error());
    std::vector<Finding> findings = examine_host();
    for (Finding& finding : examine_kernel()) findings.push_back(std::move(finding));
    for (const std::uint32_t pid : flags.pids) {
        for (Finding& finding : examine_tls(Pid{pid})) findings.push_back(std::move(finding));
    }
    if (flags.json) {
        print_json(findings);
    } else {
        print_text(findings);
    }
    return exit_code_of(findings);
}

}  // namespace

CommandRunner set_up_doctor(CLI::App& command) {
    const auto flags = std::make_shared<DoctorFlags>();
    command.add_flag("--json", flags->json, "for scripts and bug reports");
    add_list_option(command, "-p,--pid", flags->pids, "also this process: its TLS libraries, and what stays invisible")
        ->type_name("PID");
    command.footer(
        "Exit code: 0 footfall works here, 66 there is no such process, 77 a privilege is missing, 69 the kernel lacks\n"
        "something.\n"
        "Examples:\n"
        "  sudo footfall doctor          what works here\n"
        "  sudo footfall doctor -p 4711  and what can be seen of a process\n"
        "  sudo footfall doctor --json   the same, to attach to a bug report");
    return [flags](const WatchedWords&) { return examine(*flags); };
}

}  // namespace footfall
