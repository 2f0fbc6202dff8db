#include "agent/processes/commands.h"

#include <sys/wait.h>

#include <csignal>
#include <cstring>
#include <string>
#include <utility>

namespace footfall {
namespace {

// sizeof ff_executed_event::path: a path of that length, or one less, was cut, and its end is not its name.
constexpr std::size_t kPathMost = 255;

// "exit 1", "SIGKILL"; empty: it ended well.
std::string error_of(std::uint32_t wait_status) {
    const auto status = static_cast<int>(wait_status);
    if (WIFEXITED(status)) return WEXITSTATUS(status) == 0 ? std::string() : "exit " + std::to_string(WEXITSTATUS(status));
    const char* name = sigabbrev_np(WTERMSIG(status));
    return name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(WTERMSIG(status));
}

}  // namespace

void Commands::on_forked(const ProcessForked& event) {
    if (parents_.size() < limit_) parents_[event.pid] = event.parent;
}

Pid Commands::parent_of(const ProcessExecuted& event) const {
    const auto forked = parents_.find(event.pid);
    return forked != parents_.end() ? forked->second : event.parent;
}

void Commands::on_executed(const ProcessExecuted& event) {
    const auto before = running_.find(event.pid);
    if (before != running_.end()) {
        if (runs_script(event.arguments, before->second.path)) return;
        end(event.pid, before->second, event.time, Outcome::kOk);
        running_.erase(before);
    }
    if (event.path.empty()) return;
    if (running_.size() >= limit_) return sink_.on_lost(LostReason::kTooManyCommands);
    const std::string_view path = event.path.size() < kPathMost ? event.path : event.comm;
    running_[event.pid] = {command_name(path, event.arguments), std::string(path), event.time,
                           sink_.service_of(parent_of(event)), event.uid};
}

void Commands::on_exited(const ProcessExited& event) {
    parents_.erase(event.pid);
    const auto ended = running_.extract(event.pid);
    if (!ended) return;
    const std::string error = error_of(event.wait_status);
    end(event.pid, ended.mapped(), event.time, error.empty() ? Outcome::kOk : Outcome::kError, error);
}

void Commands::session_end() {
    for (const auto& [pid, command] : std::exchange(running_, {})) end(pid, command, command.begin, Outcome::kUnknown);
}

void Commands::end(Pid pid, const Running& command, MonotonicTime time, Outcome outcome, std::string_view error_type) {
    sink_.on_command(
        {
            .kind = Kind::kCommand,
            .role = Role::kClient,
            .outcome = outcome,
            .pid = pid,
            .tid = Tid{number(pid)},
            .method = command.name.program,
            .target = command.name.part,
            .error_type = error_type,
            .begin = command.begin,
            .end = time,
            .service = command.service,
        },
        command.uid);
}

}  // namespace footfall
