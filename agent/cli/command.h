// What a command of footfall is: a row in the table of main.cc. Each file of this folder holds one command.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "agent/base/result.h"

namespace footfall {

// What stands behind "--": a program to run and watch, with its arguments.
using WatchedWords = std::vector<std::string>;

// Adds a command's options to its subcommand and returns what runs it: the exit code, or the error to print.
using CommandRunner = std::function<Result<int>(const WatchedWords& watched)>;
using CommandSetup = CommandRunner (*)(CLI::App& command);

CommandRunner set_up_doctor(CLI::App& command);
CommandRunner set_up_record(CLI::App& command);
CommandRunner set_up_functions(CLI::App& command);
CommandRunner set_up_trace(CLI::App& command);
CommandRunner set_up_agent(CLI::App& command);
CommandRunner set_up_replay(CLI::App& command);
CommandRunner set_up_report(CLI::App& command);

}  // namespace footfall
