// What an executed command is called: few names, and nothing that a user wrote into its arguments.
//
// The program's file name, without its path; and the sub-command of programs that are many in one (`git status`), or the
// script or module that an interpreter runs (`python3 backup.py`, `python3 -m pip`). Other arguments hold names of files,
// hosts, secrets: they are never looked at twice. An option that is not known may have any next argument for its value, so
// behind one no sub-command is looked for.
//
// Pure functions over untrusted bytes; time is linear in their length.
#pragma once

#include <string>
#include <string_view>

namespace footfall {

struct CommandName {
    std::string program;
    std::string part;  // sub-command, script or module; may be empty
    bool operator==(const CommandName&) const = default;
};

// path: as it was executed. arguments: each ended by a zero byte, the first is the program's own name; where the path is a
// script's, the kernel has put the interpreter and its option in front of it. The last one may be cut.
[[nodiscard]] CommandName command_name(std::string_view path, std::string_view arguments);

// Is the script, by its path, what an interpreter with these arguments runs?
[[nodiscard]] bool runs_script(std::string_view arguments, std::string_view script);

}  // namespace footfall
