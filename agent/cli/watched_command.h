// `-- COMMAND…`: a child that waits to be watched before it runs.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "agent/base/fd.h"
#include "agent/base/ids.h"
#include "agent/base/result.h"

namespace footfall {

class WatchedCommand {
public:
    // Forks; the child waits. Its stdin, stdout and stderr are ours.
    static Result<WatchedCommand> prepare(const std::vector<std::string>& words);
    // A child that was never started is ended; one that runs is left alone.
    ~WatchedCommand();
    WatchedCommand(WatchedCommand&& other) noexcept;
    WatchedCommand& operator=(WatchedCommand&&) = delete;

    [[nodiscard]] Pid pid() const { return Pid{static_cast<std::uint32_t>(child_)}; }

    // Lets it execute; fails if the command can't be run.
    Result<void> go();
    // Its exit code (128 + signal if one ended it), once it has ended.
    [[nodiscard]] std::optional<int> exit_code();
    // Sends SIGTERM and waits; sends SIGKILL if that does not help.
    void terminate();

private:
    WatchedCommand(pid_t child, Fd start, Fd failure)
        : child_(child), start_(std::move(start)), failure_(std::move(failure)) {}

    pid_t child_;
    Fd start_;    // one byte lets the child go
    Fd failure_;  // what the child writes if it can't execute; closed by a successful exec
    std::string name_;
    std::optional<int> exit_code_;
};

// The program that a command of that name executes, as execvp() will find it; empty if it will not.
[[nodiscard]] std::string program_of(const std::string& name);

}  // namespace footfall
