// Whose word counts for what code is named that a process has made at run time.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace footfall {

struct CodeOwner {
    uid_t user = 0;
    std::string inner_pid;  // the pid that the process itself sees
};

// process: "/proc/812". Nothing where it is gone.
std::optional<CodeOwner> read_code_owner(const std::string& process);

// A regular file, of the process's user or of root: anybody may write to /tmp.
bool may_name_code(const CodeOwner& owner, int file);

}  // namespace footfall
