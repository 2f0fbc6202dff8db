#include "agent/processes/interpreters.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "agent/base/text.h"

namespace footfall {
namespace {

// How a command line is read. Short options may be clustered ("-um", "-ec"); the first that takes a value takes the rest of
// its cluster, or else the next argument. The value of a module option is the name, of a code option there is none.
struct Interpreter {
    std::string_view name;        // of the executable, less its version
    std::string_view major;       // versions that stay part of the name: "3" of python3.11
    std::string_view with_value;  // short options
    std::string_view with_rest;   // whose value is never the next argument
    std::string_view with_module;
    std::string_view with_code;
    std::string_view long_with_value;  // separated by blanks
    std::string_view long_with_code;
};

constexpr std::string_view kNodeLong = "--require --import --loader --experimental-loader --conditions";
constexpr Interpreter kInterpreters[] = {
    {"python", "23", "WX", "", "m", "c", "--check-hash-based-pycs", ""},
    {"pypy", "3", "WX", "", "m", "c", "", ""},
    {"node", "", "rC", "", "", "ep", kNodeLong, "--eval --print"},
    {"nodejs", "", "rC", "", "", "ep", kNodeLong, "--eval --print"},
    {"ruby", "", "rICE", "WiFKTx", "", "e", "--encoding --external-encoding --internal-encoding", ""},
    {"perl", "", "I", "MmiFDVxdC", "", "eE", "", ""},
    {"php", "", "Sdctz", "", "f", "rRBE", "--server --define --php-ini --docroot", "--run --process-code"},
    {"bash", "", "oO", "", "", "c", "--rcfile --init-file", ""},
    {"dash", "", "o", "", "", "c", "", ""},
    {"sh", "", "o", "", "", "c", "", ""},
    {"zsh", "", "o", "", "", "c", "", ""},
};
constexpr Interpreter kJava{"java", "", "", "", "", "", "", ""};
constexpr std::string_view kJavaWithValue =
    "-cp -classpath --class-path -p --module-path --upgrade-module-path --add-modules --add-reads --add-exports "
    "--add-opens "
    "--limit-modules --patch-module --source";

bool holds(std::string_view list, std::string_view word) {
    const auto words = split(list, ' ');
    return std::find(words.begin(), words.end(), word) != words.end();
}

bool has(std::string_view options, char option) { return options.find(option) != std::string_view::npos; }

bool is_version(std::string_view text) { return text.find_first_not_of("0123456789.") == std::string_view::npos; }

const Interpreter* interpreter_of(std::string_view program) {
    for (const Interpreter& interpreter : kInterpreters)
        if (program.starts_with(interpreter.name) && is_version(program.substr(interpreter.name.size())))
            return &interpreter;
    return nullptr;
}

std::string family_of(const Interpreter& interpreter, std::string_view program) {
    const std::string_view version = program.substr(interpreter.name.size());
    const bool keeps_major = !version.empty() && interpreter.major.find(version.front()) != std::string_view::npos;
    return std::string(program.substr(0, interpreter.name.size() + (keeps_major ? 1 : 0)));
}

using Arguments = std::span<const std::string>;

// What one argument means for finding the name.
struct Step {
    std::optional<std::string_view> name{};
    bool stop = false;     // there is no name to be found
    std::size_t used = 1;  // arguments
};

Step read_cluster(const Interpreter& interpreter, Arguments arguments) {
    const std::string_view cluster = std::string_view(arguments.front()).substr(1);
    for (std::size_t i = 0; i < cluster.size(); ++i) {
        const char option = cluster[i];
        const bool attached = i + 1 < cluster.size();
        if (has(interpreter.with_code, option)) return {.stop = true};
        if (has(interpreter.with_rest, option)) return {};
        if (has(interpreter.with_value, option)) return {.used = attached ? 1U : 2U};
        if (!has(interpreter.with_module, option)) continue;
        if (attached) return {.name = cluster.substr(i + 1)};
        return arguments.size() > 1 ? Step{.name = arguments[1]} : Step{.stop = true};
    }
    return {};
}

Step read_argument(const Interpreter& interpreter, Arguments arguments) {
    const std::string_view argument = arguments.front();
    if (argument == "-" || argument.empty()) return {.stop = true};
    if (argument == "--") return arguments.size() > 1 ? Step{.name = arguments[1]} : Step{.stop = true};
    if (argument.starts_with("--")) {
        if (holds(interpreter.long_with_code, argument.substr(0, argument.find('=')))) return {.stop = true};
        return {.used = holds(interpreter.long_with_value, argument) ? 2U : 1U};
    }
    if (argument.front() == '-') return read_cluster(interpreter, arguments);
    if (argument.front() == '+') return {};
    return {.name = argument};
}

// Java has words for options, not letters, and everything before the class is one.
Step read_java_argument(const Interpreter&, Arguments arguments) {
    const std::string_view argument = arguments.front();
    if (argument == "-jar" || argument == "-m" || argument == "--module")
        return arguments.size() > 1 ? Step{.name = arguments[1]} : Step{.stop = true};
    if (argument.empty()) return {.stop = true};
    if (argument.front() == '-') return {.used = holds(kJavaWithValue, argument) ? 2U : 1U};
    if (argument.front() == '@') return {};
    return {.name = argument};
}

std::optional<std::string_view> find_name(const Interpreter& interpreter, Arguments arguments) {
    const auto read = interpreter.name == "java" ? read_java_argument : read_argument;
    if (!arguments.empty()) arguments = arguments.subspan(1);
    while (!arguments.empty()) {
        const Step step = read(interpreter, arguments);
        if (step.stop) return std::nullopt;
        if (step.name) return base_name(*step.name);
        arguments = arguments.subspan(std::min(step.used, arguments.size()));
    }
    return std::nullopt;
}

// The kernel takes comm from the path that was executed, which may be a link's. It cuts it short, and a program may choose
// another; so may it the arguments, into which many write what they do ("redis-server *:6379").
std::optional<std::string_view> name_it_was_called_by(Arguments arguments, std::string_view comm) {
    constexpr std::size_t kLongestComm = 15;
    if (arguments.empty() || comm.empty()) return std::nullopt;
    const std::string_view first = arguments.front();
    const std::string_view name = base_name(first.substr(0, first.find_first_of(" :")));
    return name.substr(0, kLongestComm) == comm ? std::optional(name) : std::nullopt;
}

}  // namespace

std::string_view base_name(std::string_view path) {
    const std::size_t end = path.find_last_not_of('/');
    if (end == std::string_view::npos) return path.substr(0, 1);
    path = path.substr(0, end + 1);
    return path.substr(path.rfind('/') + 1);
}

std::string program_name(std::string_view executable, const std::vector<std::string>& arguments, std::string_view comm) {
    const std::string_view program = base_name(executable);
    const Interpreter* interpreter = program == "java" ? &kJava : interpreter_of(program);
    if (interpreter == nullptr) return std::string(name_it_was_called_by(arguments, comm).value_or(program));
    const auto name = find_name(*interpreter, arguments);
    const std::string family = family_of(*interpreter, program);
    return name && !name->empty() ? family + ":" + std::string(*name) : family;
}

}  // namespace footfall
