#include "agent/probes/examine_tls.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "agent/kernel/support.h"
#include "agent/probes/carried_tls.h"
#include "agent/probes/tls_functions.h"
#include "agent/probes/tls_watch.h"
#include "agent/processes/proc_fs.h"
#include "agent/stacks/open_mapped.h"

namespace footfall {
namespace {

using Verdict = Finding::Verdict;

// What speaks TLS in ways that no probe sees, by what a process has mapped.
struct Unseen {
    std::string_view in_name;
    std::string_view what;
    std::string_view fix;
};
constexpr std::array kUnseen{
    Unseen{"libjvm.so", "Java: its own TLS (JSSE) is compiled while it runs, so there is no function to attach to",
           "where a proxy ends TLS in front of it, watch that; Netty with OpenSSL (tcnative) is seen where it has symbols"},
    Unseen{"libcoreclr.so", "the .NET runtime: its TLS is OpenSSL's, called by threads that do not read the socket",
           "connections whose bytes another thread moves stay unread"},
};

bool is_seldom_called(const TlsFunction& function) {
    return function.function == FF_TLS_FREE || function.function == FF_TLS_DO_HANDSHAKE;
}

// Where it is probed, and what the kernel does with the instruction there. Go's returns are probed at their `ret`
// instructions, which have to be single-stepped, wherever the call's own probe is.
std::string text_of(const TlsFunction& function) {
    const bool steps_returns = !function.returns.empty();
    return fmt::format("{} at {}{}, {}{} ({:.1f} µs a call)", function.name, function.site.instruction,
                       function.site.offset != 0 ? fmt::format(" +{}", function.site.offset) : "",
                       function.site.emulated ? "emulated" : "single-stepped",
                       steps_returns ? ", its returns single-stepped" : "", expected_nanoseconds(function) / 1000.0);
}

Finding finding_of(const std::string& path, const TlsFunctions& found) {
    std::string functions;
    bool is_slow = false;
    for (const TlsFunction& function : found.functions) {
        functions += (functions.empty() ? "" : "; ") + text_of(function);
        is_slow |= (!function.site.emulated || !function.returns.empty()) && !is_seldom_called(function);
    }
    return {is_slow ? Verdict::kWarning : Verdict::kOk, "TLS", fmt::format("{} in {}: {}", found.library, path, functions),
            is_slow ? "no cheaper place for a probe is known: each call costs the process what is said here" : ""};
}

Finding unseen_finding_of(const std::string& path, std::string_view library, std::string_view why) {
    return {Verdict::kWarning, "TLS", fmt::format("{} in {} stays unseen: {}", library, path, why),
            "a build with symbols is seen; else its connections are told of as blind spots"};
}

Finding not_permitted(Pid pid) {
    const auto readable = check_others_readable();
    return {Verdict::kFailure, "process", fmt::format("{} may not be looked at", number(pid)),
            readable ? "footfall needs the privileges that it has: run footfall as root of the host" : readable.error().fix,
            ExitCode::kNoPermission};
}

Finding nothing_mapped(Pid pid) {
    return {Verdict::kFailure, "process",
            fmt::format("{} executes nothing: it has ended meanwhile, or is a thread of the kernel", number(pid)),
            "name a process that runs a program", ExitCode::kNoTarget};
}

}  // namespace

std::vector<Finding> examine_tls(Pid pid) {
    std::vector<Finding> findings;
    const auto readable = ProcFs().mapped_files(pid);
    if (!readable && readable.error() == ProcessMiss::kNotPermitted) return {not_permitted(pid)};
    const std::vector<ExecutableMapping> mappings = tls_candidates(pid, true);
    if (mappings.empty()) return {nothing_mapped(pid)};
    for (const ExecutableMapping& mapping : mappings) {
        const Fd file = open_mapped(pid, mapping);
        if (!file.valid()) continue;
        const TlsFunctions found = find_tls_functions(file.get());
        if (!found.functions.empty()) findings.push_back(finding_of(mapping.path, found));
        if (!found.unseen.empty()) findings.push_back(unseen_finding_of(mapping.path, found.library, found.unseen));
        const std::string_view carried = found.library.empty() ? carried_tls(file.get()) : std::string_view();
        if (!carried.empty())
            findings.push_back(unseen_finding_of(mapping.path, carried, "its functions have no names there"));
        for (const Unseen& unseen : kUnseen) {
            if (mapping.path.find(unseen.in_name) == std::string::npos) continue;
            findings.push_back({Verdict::kWarning, "TLS", std::string(unseen.what), std::string(unseen.fix)});
        }
    }
    if (findings.empty()) {
        findings.push_back({Verdict::kWarning, "TLS",
                            fmt::format("none of the {} files that {} has mapped holds a TLS library that footfall knows",
                                        mappings.size(), number(pid)),
                            "if it speaks TLS, it carries its library without symbols (rustls and static OpenSSL often do): "
                            "its connections are told of as blind spots"});
    }
    return findings;
}

}  // namespace footfall
