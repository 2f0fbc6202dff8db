// Programs for the symbolizer's tests to read: made on the spot with the compiler and binutils, which building footfall
// needs anyway. Where one cannot be made, the test skips.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/fd.h"
#include "tests/unit/support/scratch.h"

namespace footfall {

inline bool run(const std::string& command) { return std::system((command + " > /dev/null 2>&1").c_str()) == 0; }

inline bool has_tool(const std::string& name) { return run("command -v " + name); }

inline std::string output_of(const std::string& command) {
    std::string text;
    FILE* pipe = popen(command.c_str(), "r");
    std::array<char, 4096> part{};
    while (pipe != nullptr) {
        const std::size_t count = fread(part.data(), 1, part.size(), pipe);
        if (count == 0) break;
        text.append(part.data(), count);
    }
    if (pipe != nullptr) pclose(pipe);
    return text;
}

inline std::vector<std::string> lines_of(const std::string& text) {
    std::istringstream in(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

inline Fd open_file(const std::string& path) { return Fd(open(path.c_str(), O_RDONLY | O_CLOEXEC)); }

// Compiles source, in the language that name's ending says, to a program of its own in the directory. "" when it fails.
inline std::string build(const ScratchDirectory& directory, const std::string& name, const std::string& source,
                         const std::string& flags) {
    const std::string from = directory.file(name);
    const std::string to = directory.file(name.substr(0, name.find('.')));
    write_contents(from, source);
    return run("cd " + directory.path() + " && g++ " + flags + " -o " + to + " " + name) ? to : "";
}

// Name to address, as nm says.
inline std::map<std::string, std::uint64_t> addresses_in(const std::string& program) {
    std::map<std::string, std::uint64_t> addresses;
    for (const std::string& line : lines_of(output_of("nm " + program + " 2>/dev/null"))) {
        std::istringstream words(line);
        std::uint64_t address = 0;
        char type = 0;
        std::string name;
        if (words >> std::hex >> address >> type >> name) addresses[name] = address;
    }
    return addresses;
}

// Three functions, one inside of the other where the compiler is asked to, on known lines.
inline const char* const kInlinedSource =
    "#include <cstdlib>\n"                                                    // 1
    "volatile int sink;\n"                                                    // 2
    "namespace shop {\n"                                                      // 3
    "__attribute__((always_inline)) inline void innermost(int n) {\n"         // 4
    "    sink = n;\n"                                                         // 5
    "}\n"                                                                     // 6
    "__attribute__((always_inline)) inline void middle(int n) {\n"            // 7
    "    innermost(n);\n"                                                     // 8
    "}\n"                                                                     // 9
    "__attribute__((noinline)) void outer(int n) {\n"                         // 10
    "    middle(n);\n"                                                        // 11
    "}\n"                                                                     // 12
    "}  // namespace shop\n"                                                  // 13
    "int main(int argc, char**) { shop::outer(argc); return sink == 0; }\n";  // 14

}  // namespace footfall
