// From what the user asked to watch to the processes that it means: those there are now with all their descendants, the
// filters that the kernel can apply by itself, and a predicate for processes that execute later.
//
// Selectors add up: a process is meant if any of them means it. Each must mean something, else resolving fails with
// ExitCode::kNoTarget, what was looked for, and what is there instead. Ports narrow the result and are passed on as they
// are.
//
// Threads: any; the result is immutable.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/ids.h"
#include "agent/base/result.h"
#include "agent/processes/cgroup_tree.h"
#include "agent/processes/proc_fs.h"

namespace footfall {

// As given on the command line. Nothing but ports, or nothing at all, means the whole host.
struct TargetSpec {
    std::vector<Pid> pids{};
    std::vector<std::string> executables{};  // globs: of the path if they have a slash, else of its last part
    std::vector<std::string> comms{};        // globs
    std::vector<std::string> units{};        // "nginx", "nginx.service", "user-1000.slice"
    std::vector<std::string> containers{};   // name, or the beginning of an id
    std::vector<std::string> cgroups{};      // paths, as CgroupTree::normalize() takes them; everything below is meant too
    std::vector<std::string> users{};        // names or uids
    std::vector<std::uint16_t> ports{};
    Pid command{};  // a child of footfall, meant from its next execution on; 0: none

    [[nodiscard]] bool whole_host() const;
};

// Where selectors look things up.
struct HostView {
    explicit HostView(const std::filesystem::path& host_root = "/");

    std::filesystem::path root;
    ProcFs processes;
    CgroupTree cgroups;
    std::function<std::optional<Uid>(const std::string&)> user_named;
    Pid own_pid{};  // never watched, nor are its helpers
};

struct Watch {
    bool whole_host = false;
    std::vector<Pid> pids;          // now, with descendants, ascending
    std::vector<CgroupId> cgroups;  // v2 cgroups of the units, containers and paths, where the host has v2
    std::vector<Uid> uids;
    std::vector<std::uint16_t> ports;
    Pid command{};                // once it executes; none of the pids
    bool judge_executed = false;  // processes outside of all these may be meant once they execute: ask Selectors::matches()
};

class Selectors {
public:
    // Looks up users, containers' names and cgroups, which must exist; what processes there are is left to watch().
    static Result<Selectors> resolve(const TargetSpec& spec, const HostView& host);

    // Reads all of /proc. To miss no process that starts meanwhile, call it after the kernel follows forks and executions.
    [[nodiscard]] Result<Watch> watch(const HostView& host) const;

    [[nodiscard]] bool matches(const ProcessFacts& facts) const;

private:
    // One selector.
    struct Criterion {
        std::string absence{};  // "no executable matches 'ngnix'"
        std::string word{};     // "ngnix"
        bool needs_process = true;
        std::function<bool(const ProcessFacts&)> matches{};
        std::function<std::string(const ProcessFacts&)> offer{};  // what a process could have been selected by; may be empty
        std::function<std::string(const ProcessFacts&)> cgroup_of{};  // of a process that matches; empty: none
    };

    void add_pid(Pid pid);
    void add_executable(const std::string& pattern);
    void add_comm(const std::string& pattern);
    void add_unit(const std::string& unit);
    void add_containers(const std::vector<std::string>& words, const HostView& host);
    Result<void> add_cgroup(const std::string& word, const HostView& host);
    Result<void> add_user(const std::string& word, const HostView& host);
    static Error no_target(const Criterion& criterion, const std::vector<ProcessFacts>& processes, Pid own_pid);

    Watch fixed_;  // what does not depend on the processes there are
    std::vector<Criterion> criteria_;
};

}  // namespace footfall
