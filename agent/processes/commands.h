// Executions of programs as exchanges of the kind command: the service that executes one calls it. It begins when the
// program is executed and ends with its process; its outcome is the exit status ("exit 1"), or the signal that ended it
// ("SIGKILL").
//
// A program that executes another one in its own place (`exec`, `nice make`) has done well by that, and the other one is a
// use of its own; but an interpreter that takes the place of its script's (`#!/usr/bin/env bash`) is the same use. What
// still runs at the session's end was used, with an unknown outcome, and took no known time. A child that executes nothing
// is a part of its program. Whose child a command is, was decided when it was forked: its parent may be gone when it
// executes.
//
// Bounded: past the limit, further ones are lost (too_many_commands). Thread: the one that owns the pipeline's state.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "agent/base/clock.h"
#include "agent/base/ids.h"
#include "agent/pipeline/lost_reasons.h"
#include "agent/pipeline/stages.h"
#include "agent/processes/command_name.h"

namespace footfall {

class Commands {
public:
    struct Sink {
        std::function<ServiceId(Pid)> service_of;
        std::function<void(const Exchange&, Uid)> on_command;  // text is valid until it returns
        std::function<void(LostReason)> on_lost;
    };

    explicit Commands(Sink sink, std::size_t limit = 65536) : sink_(std::move(sink)), limit_(limit) {}

    void on_forked(const ProcessForked& event);
    // Of a process that is watched.
    void on_executed(const ProcessExecuted& event);
    void on_exited(const ProcessExited& event);
    void session_end();

private:
    struct Running {
        CommandName name;
        std::string path;
        MonotonicTime begin;
        ServiceId service{};
        Uid uid{};
    };

    [[nodiscard]] Pid parent_of(const ProcessExecuted& event) const;
    void end(Pid pid, const Running& command, MonotonicTime time, Outcome outcome, std::string_view error_type = {});

    Sink sink_;
    std::size_t limit_;
    std::unordered_map<Pid, Pid> parents_;  // of processes that were forked and have not ended
    std::unordered_map<Pid, Running> running_;
};

}  // namespace footfall
