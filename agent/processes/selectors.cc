#include "agent/processes/selectors.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_map>
#include <unordered_set>

#include "agent/base/text.h"
#include "agent/processes/candidates.h"
#include "agent/processes/cgroup_names.h"
#include "agent/processes/container_names.h"
#include "agent/processes/interpreters.h"
#include "agent/processes/service_name.h"
#include "agent/processes/small_file.h"

namespace footfall {
namespace {

constexpr std::size_t kLongestComm = 15;

std::optional<std::uint32_t> parse_id(std::string_view text) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<Uid> uid_of_user(const std::string& name) {
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 16384> buffer{};
    if (getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return std::nullopt;
    return Uid{entry.pw_uid};
}

std::vector<std::string> local_users(const HostView& host) {
    std::vector<std::string> names;
    const auto passwd = read_small_file(host.root / "etc/passwd", std::size_t{1} << 20).value_or("");
    for (const std::string_view line : split(passwd, '\n'))
        if (!line.empty()) names.emplace_back(line.substr(0, line.find(':')));
    return names;
}

std::vector<ProcessFacts> all_processes(const HostView& host) {
    std::vector<ProcessFacts> all;
    for (const Pid pid : host.processes.pids())
        if (auto facts = host.processes.facts(pid)) all.push_back(std::move(*facts));
    return all;
}

// footfall, and its helpers: children that run its own program, of another user, so that it may not see which.
std::vector<Pid> own_processes(const std::vector<ProcessFacts>& processes, Pid own_pid) {
    std::string program;
    for (const ProcessFacts& process : processes)
        if (process.pid == own_pid) program = process.executable;
    std::vector<Pid> own{own_pid};
    for (const ProcessFacts& process : processes) {
        const bool may_be_ours = process.executable.empty() || process.executable == program;
        if (process.parent == own_pid && may_be_ours) own.push_back(process.pid);
    }
    return own;
}

// The given ones and all that descend from them, ascending.
std::vector<Pid> with_descendants(std::vector<Pid> pids, const std::vector<ProcessFacts>& processes) {
    std::unordered_map<Pid, std::vector<Pid>> children;
    for (const ProcessFacts& process : processes) children[process.parent].push_back(process.pid);
    std::unordered_set<Pid> seen(pids.begin(), pids.end());
    for (std::size_t i = 0; i < pids.size(); ++i)
        for (const Pid child : children[pids[i]])
            if (seen.insert(child).second) pids.push_back(child);
    std::sort(pids.begin(), pids.end());
    return pids;
}

bool is_in(const ProcessFacts& facts, const std::string& cgroup) {
    const auto below = [&](const CgroupMembership& own) {
        return cgroup == "/" ||
               (own.path.starts_with(cgroup) && (own.path.size() == cgroup.size() || own.path[cgroup.size()] == '/'));
    };
    return std::any_of(facts.cgroups.begin(), facts.cgroups.end(), below);
}

// The v2 path down to the container.
std::string container_cgroup(const ProcessFacts& facts) {
    for (const CgroupMembership& own : facts.cgroups) {
        const auto id = own.hierarchy.empty() ? container_id(own.path) : std::nullopt;
        if (!id) continue;
        const std::size_t id_end = static_cast<std::size_t>(id->data() - own.path.data()) + id->size();
        return own.path.substr(0, own.path.find('/', id_end));
    }
    return {};
}

std::string in_quotes(std::string_view word) { return "'" + printable_name(word) + "'"; }

}  // namespace

bool TargetSpec::whole_host() const {
    return pids.empty() && executables.empty() && comms.empty() && units.empty() && containers.empty() && cgroups.empty() &&
           users.empty() && command == Pid{};
}

HostView::HostView(const std::filesystem::path& host_root)
    : root(host_root),
      processes(host_root / "proc"),
      cgroups(host_root),
      user_named(uid_of_user),
      own_pid{static_cast<std::uint32_t>(getpid())} {}

Result<Selectors> Selectors::resolve(const TargetSpec& spec, const HostView& host) {
    Selectors selectors;
    selectors.fixed_.whole_host = spec.whole_host();
    selectors.fixed_.ports = spec.ports;
    selectors.fixed_.command = spec.command;
    for (const Pid pid : spec.pids) selectors.add_pid(pid);
    for (const std::string& pattern : spec.executables) selectors.add_executable(pattern);
    for (const std::string& pattern : spec.comms) selectors.add_comm(pattern);
    for (const std::string& unit : spec.units) selectors.add_unit(unit);
    if (!spec.containers.empty()) selectors.add_containers(spec.containers, host);
    for (const std::string& path : spec.cgroups)
        if (auto added = selectors.add_cgroup(path, host); !added) return tl::unexpected(added.error());
    for (const std::string& user : spec.users)
        if (auto added = selectors.add_user(user, host); !added) return tl::unexpected(added.error());
    return selectors;
}

void Selectors::add_pid(Pid pid) {
    criteria_.push_back({
        .absence = "no process has pid " + std::to_string(number(pid)),
        .matches = [pid](const ProcessFacts& facts) { return facts.pid == pid; },
    });
}

void Selectors::add_executable(const std::string& pattern) {
    const bool whole_path = pattern.find('/') != std::string::npos;
    const auto name = [whole_path](const ProcessFacts& facts) {
        return std::string(whole_path ? std::string_view(facts.executable) : base_name(facts.executable));
    };
    fixed_.judge_executed = true;
    criteria_.push_back({
        .absence = "no executable matches " + in_quotes(pattern),
        .word = pattern,
        .matches = [=](const ProcessFacts& facts) { return !facts.executable.empty() && glob_match(pattern, name(facts)); },
        .offer = name,
    });
}

void Selectors::add_comm(const std::string& pattern) {
    const std::string hint = pattern.size() > kLongestComm ? " (the kernel cuts comm at 15 characters)" : "";
    fixed_.judge_executed = true;
    criteria_.push_back({
        .absence = "no comm matches " + in_quotes(pattern) + hint,
        .word = pattern,
        .matches = [=](const ProcessFacts& facts) { return glob_match(pattern, facts.comm); },
        .offer = [](const ProcessFacts& facts) { return facts.executable.empty() ? "" : facts.comm; },
    });
}

void Selectors::add_unit(const std::string& unit) {
    fixed_.judge_executed = true;
    criteria_.push_back({
        .absence = "no running systemd unit is called " + in_quotes(unit),
        .word = unit,
        .matches = [=](const ProcessFacts& facts) { return path_of_unit(facts.cgroups, unit).has_value(); },
        .offer = [](const ProcessFacts& facts) { return std::string(systemd_service(facts.cgroups).value_or("")); },
        .cgroup_of = [=](const ProcessFacts& facts) { return std::string(path_of_unit(facts.cgroups, unit).value_or("")); },
    });
}

void Selectors::add_containers(const std::vector<std::string>& words, const HostView& host) {
    const auto names = container_names(host.root);
    const auto name_of = [names](const ProcessFacts& facts) {
        const auto id = container_id(facts.cgroups);
        const auto known = id ? names.find(std::string(*id)) : names.end();
        return known == names.end() ? std::string(id.value_or("").substr(0, kShortContainerId)) : known->second;
    };
    fixed_.judge_executed = true;
    for (const std::string& word : words)
        criteria_.push_back({
            .absence = "no running container has the name or id " + in_quotes(word),
            .word = word,
            .matches =
                [=](const ProcessFacts& facts) {
                    const auto id = container_id(facts.cgroups);
                    return id && (id->starts_with(word) || name_of(facts) == word);
                },
            .offer = name_of,
            .cgroup_of = container_cgroup,
        });
}

Result<void> Selectors::add_cgroup(const std::string& word, const HostView& host) {
    const std::string path = host.cgroups.normalize(word);
    if (!host.cgroups.exists(path)) {
        std::vector<Candidate> others;
        for (std::string& sibling : host.cgroups.siblings(path)) others.push_back({std::move(sibling)});
        return tl::unexpected(candidates_error("there is no cgroup " + in_quotes(word), "there are", path, others));
    }
    if (const auto id = host.cgroups.id_of(path))
        fixed_.cgroups.push_back(*id);
    else
        fixed_.judge_executed = true;
    criteria_.push_back({
        .needs_process = false,
        .matches = [=](const ProcessFacts& facts) { return is_in(facts, path); },
    });
    return {};
}

Result<void> Selectors::add_user(const std::string& word, const HostView& host) {
    const auto as_number = parse_id(word);
    const auto uid = as_number ? Uid{*as_number} : host.user_named(word);
    if (!uid) {
        std::vector<Candidate> others;
        for (std::string& user : local_users(host)) others.push_back({std::move(user)});
        return tl::unexpected(candidates_error("there is no user " + in_quotes(word), "there are", word, others));
    }
    fixed_.uids.push_back(*uid);
    criteria_.push_back({
        .needs_process = false,
        .matches = [own = *uid](const ProcessFacts& facts) { return facts.uid == own; },
    });
    return {};
}

Error Selectors::no_target(const Criterion& criterion, const std::vector<ProcessFacts>& processes, Pid own_pid) {
    std::vector<Candidate> offers;
    for (const ProcessFacts& process : processes)
        if (criterion.offer && process.pid != own_pid) offers.push_back({criterion.offer(process), process.pid});
    return candidates_error(criterion.absence, "running", criterion.word, offers);
}

Result<Watch> Selectors::watch(const HostView& host) const {
    Watch watch = fixed_;
    if (watch.whole_host) return watch;

    const auto processes = all_processes(host);
    const auto own = own_processes(processes, host.own_pid);
    const auto is_own = [&](Pid pid) { return std::find(own.begin(), own.end(), pid) != own.end(); };
    std::vector<Pid> meant;
    for (const Criterion& criterion : criteria_) {
        bool found = !criterion.needs_process;
        for (const ProcessFacts& process : processes) {
            if (is_own(process.pid) || !criterion.matches(process)) continue;
            found = true;
            meant.push_back(process.pid);
            const auto cgroup = criterion.cgroup_of ? host.cgroups.id_of(criterion.cgroup_of(process)) : std::nullopt;
            const bool known = std::find(watch.cgroups.begin(), watch.cgroups.end(), cgroup) != watch.cgroups.end();
            if (cgroup && !known) watch.cgroups.push_back(*cgroup);
        }
        if (!found) return tl::unexpected(no_target(criterion, processes, host.own_pid));
    }
    std::sort(meant.begin(), meant.end());
    meant.erase(std::unique(meant.begin(), meant.end()), meant.end());
    watch.pids = with_descendants(std::move(meant), processes);
    std::erase_if(watch.pids, is_own);
    std::erase(watch.pids, watch.command);
    return watch;
}

bool Selectors::matches(const ProcessFacts& facts) const {
    if (fixed_.whole_host || (fixed_.command != Pid{} && facts.pid == fixed_.command)) return true;
    return std::any_of(criteria_.begin(), criteria_.end(),
                       [&](const Criterion& criterion) { return criterion.matches(facts); });
}

}  // namespace footfall
