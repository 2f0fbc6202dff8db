#include "agent/processes/command_name.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "agent/usage/segment_kind.h"

namespace footfall {
namespace {

using ArgumentList = std::vector<std::string_view>;

// A program that is many in one. Both lists: separated by spaces.
struct ManyInOne {
    std::string_view program;
    std::string_view options;  // that may stand before the sub-command, and take no value (but after a '=')
    std::string_view valued;   // … and have the next argument for their value
};

constexpr std::array kManyInOne{
    ManyInOne{"apt", "-q -qq -y --yes --quiet", "-o -c -t"},
    ManyInOne{"apt-get", "-q -qq -y --yes --quiet", "-o -c -t"},
    ManyInOne{"aws", "--debug --no-verify-ssl", "--profile --region --output --endpoint-url"},
    ManyInOne{"busybox", "", ""},
    ManyInOne{"cargo", "-q -v --quiet --verbose --locked --offline", "--color --config"},
    ManyInOne{"docker", "-D --debug", "-H --host -c --context -l --log-level --config"},
    ManyInOne{"dotnet", "", ""},
    ManyInOne{"footfall", "", ""},
    ManyInOne{"git", "-p -P --paginate --no-pager --bare --no-replace-objects --literal-pathspecs --no-optional-locks",
              "-C -c --git-dir --work-tree --namespace --exec-path --config-env"},
    ManyInOne{"go", "", ""},
    ManyInOne{"helm", "--debug", "-n --namespace --kube-context --kubeconfig"},
    ManyInOne{"ip", "-4 -6 -s -d -j -p -o -br -c -brief -json -details -oneline", "-n -netns -f -family"},
    ManyInOne{"journalctl", "", ""},
    ManyInOne{"kubectl", "", "-n --namespace --context --cluster --kubeconfig -s --server"},
    ManyInOne{"npm", "--silent -s -g", "--prefix"},
    ManyInOne{"openssl", "", ""},
    ManyInOne{"pip", "-q -v --quiet --verbose", ""},
    ManyInOne{"podman", "-r --remote", "-c --connection --log-level --root --runroot"},
    ManyInOne{"systemctl", "-q --quiet --user --system --no-pager --no-block -f --force --now", "-H --host -M --machine"},
};

// What runs a script or a module that is named by its arguments.
struct ScriptRunner {
    std::string_view program;
    std::string_view module;  // the option that names one; the script comes without an option
};

constexpr std::array kScriptRunners{
    ScriptRunner{"python", "-m"}, ScriptRunner{"perl", ""},  ScriptRunner{"ruby", ""},
    ScriptRunner{"node", ""},     ScriptRunner{"php", "-f"}, ScriptRunner{"bash", ""},
    ScriptRunner{"sh", ""},       ScriptRunner{"dash", ""},  ScriptRunner{"java", "-jar"},
};

std::string_view base_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// "python3.11" is python.
std::string_view without_version(std::string_view program) {
    return program.substr(0, program.find_last_not_of("0123456789.") + 1);
}

bool has_word(std::string_view words, std::string_view word) {
    for (std::size_t at = words.find(word); at != std::string_view::npos; at = words.find(word, at + 1)) {
        const bool begins = at == 0 || words[at - 1] == ' ';
        const std::size_t end = at + word.size();
        if (begins && (end == words.size() || words[end] == ' ')) return true;
    }
    return false;
}

std::string few(std::string_view name) {
    const SegmentKind kind = segment_kind(name);
    return std::string(kind == SegmentKind::kName ? name : placeholder(kind));
}

// What a programmer calls a sub-command; also kept from values by its length.
bool is_word(std::string_view argument) {
    constexpr std::size_t kLongest = 24;
    const auto may_be_inside = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    };
    return !argument.empty() && argument.size() <= kLongest && argument[0] >= 'a' && argument[0] <= 'z' &&
           std::all_of(argument.begin(), argument.end(), may_be_inside) && segment_kind(argument) == SegmentKind::kName;
}

bool is_option(std::string_view argument) { return argument.starts_with('-'); }

// Those that are whole.
ArgumentList all_arguments(std::string_view text) {
    ArgumentList arguments;
    for (std::size_t end = text.find('\0'); end != std::string_view::npos; end = text.find('\0')) {
        arguments.push_back(text.substr(0, end));
        text.remove_prefix(end + 1);
    }
    return arguments;
}

// A script's path stands behind its interpreter, and perhaps behind one option of that. 0: it does not.
std::size_t place_of_script(const ArgumentList& arguments, std::string_view script) {
    for (std::size_t i = 1; i < arguments.size() && i <= 2; ++i) {
        if (arguments[i] == script && arguments[0] != script) return i;
    }
    return 0;
}

// What the program itself gets, without its own name.
ArgumentList arguments_of(std::string_view text, std::string_view path) {
    ArgumentList arguments = all_arguments(text);
    if (arguments.empty()) return arguments;
    const auto own = static_cast<std::ptrdiff_t>(place_of_script(arguments, path));
    arguments.erase(arguments.begin(), arguments.begin() + own + 1);
    return arguments;
}

std::string sub_command(const ManyInOne& many, const ArgumentList& arguments) {
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view argument = arguments[i];
        if (!is_option(argument)) return is_word(argument) ? std::string(argument) : std::string();
        if (has_word(many.valued, argument)) {
            ++i;
        } else if (!has_word(many.options, argument) && argument.find('=') == std::string_view::npos) {
            return {};
        }
    }
    return {};
}

// Scripts have a path or a suffix; a word without may be anything.
bool is_file(std::string_view argument) { return argument.find_first_of("/.") != std::string_view::npos; }

std::string script_of(const ScriptRunner& interpreter, const ArgumentList& arguments) {
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view argument = arguments[i];
        if (!interpreter.module.empty() && argument == interpreter.module) {
            return i + 1 < arguments.size() ? std::string(argument) + " " + few(base_of(arguments[i + 1])) : std::string();
        }
        if (!is_option(argument)) return is_file(argument) ? few(base_of(argument)) : std::string();
        // -c and -e have a program for their value, others perhaps a value: what follows is known after single letters
        // alone.
        if (argument.size() != 2 || argument == "-c" || argument == "-e" || argument == "-W" || argument == "-X") return {};
    }
    return {};
}

template <typename Table>
const typename Table::value_type* find_in(const Table& table, std::string_view program) {
    const auto found = std::find_if(table.begin(), table.end(), [&](const auto& entry) { return entry.program == program; });
    return found == table.end() ? nullptr : &*found;
}

}  // namespace

CommandName command_name(std::string_view path, std::string_view arguments) {
    const std::string_view program = base_of(path);
    const std::string_view family = without_version(program);
    CommandName name{few(program), {}};
    if (const ManyInOne* many = find_in(kManyInOne, family)) {
        name.part = sub_command(*many, arguments_of(arguments, path));
    } else if (const ScriptRunner* interpreter = find_in(kScriptRunners, family)) {
        name.part = script_of(*interpreter, arguments_of(arguments, path));
    }
    return name;
}

bool runs_script(std::string_view arguments, std::string_view script) {
    return place_of_script(all_arguments(arguments), script) != 0;
}

}  // namespace footfall
