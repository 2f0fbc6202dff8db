// Starts a helper process that is handed a few open files and nothing else of ours.
#pragma once

#include <sys/types.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace footfall {

// The number that the first of a helper's files has; the next ones follow.
constexpr int kFirstHelperFile = 3;

// command: a program and its arguments. files: become kFirstHelperFile and so on; of the caller's others, only 0, 1 and 2
// are handed on. No signal is blocked, ignored or handled. The pid, which is the caller's to reap, or -1.
pid_t spawn_helper(const std::vector<std::string>& command, std::span<const int> files,
                   const std::vector<std::string>& environment);

// Those of our variables that have one of these names, and in sanitized builds what sanitizers are told. Nothing else of
// ours is a helper's business: tokens and passwords are handed to services in their environment.
std::vector<std::string> own_environment(std::span<const std::string_view> names);

}  // namespace footfall
