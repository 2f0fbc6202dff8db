#include "agent/stacks/executable_maps.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <functional>
#include <iterator>
#include <numeric>
#include <span>
#include <string_view>
#include <utility>

#include "agent/processes/proc_fs.h"

namespace footfall {
namespace {

constexpr std::uint64_t kPageSize = 4096;

// The next field of a line, up to a separator, which is taken too.
std::string_view take_field(std::string_view& line, char separator) {
    const std::size_t end = std::min(line.find(separator), line.size());
    const std::string_view field = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    return field;
}

std::uint64_t number_of(std::string_view text, int base) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value, base);
    return value;
}

// In a path, the kernel writes the end of a line as \012.
std::string path_of(std::string_view text) {
    constexpr std::string_view kEscapedLineEnd = "\\012";
    std::string path(text);
    for (std::size_t at = path.find(kEscapedLineEnd); at != std::string::npos; at = path.find(kEscapedLineEnd, at + 1))
        path.replace(at, kEscapedLineEnd.size(), "\n");
    strip_deleted(path);
    return path;
}

struct MapsLine {
    ExecutableMapping mapping;
    std::string_view permissions;  // "r-xp"
};

// START-END PERMISSIONS OFFSET MAJOR:MINOR INODE [PATH]
MapsLine parse(std::string_view line) {
    constexpr int kHex = 16;
    MapsLine parsed;
    ExecutableMapping& mapping = parsed.mapping;
    mapping.start = number_of(take_field(line, '-'), kHex);
    mapping.end = number_of(take_field(line, ' '), kHex);
    parsed.permissions = take_field(line, ' ');
    mapping.file_offset = number_of(take_field(line, ' '), kHex);
    const std::uint64_t major = number_of(take_field(line, ':'), kHex);
    mapping.device = device_number(major, number_of(take_field(line, ' '), kHex));
    mapping.inode = number_of(take_field(line, ' '), 10);
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    mapping.path = path_of(line);
    return parsed;
}

// Field 28 of /proc/PID/stat; 0 where it is not shown. The name in front of the fields may hold anything.
std::uint64_t stack_start_of(const std::filesystem::path& process) {
    constexpr int kFieldsBehindName = 26;
    std::ifstream file(process / "stat");
    std::string text;
    std::getline(file, text, '\0');
    const std::size_t name_end = text.rfind(") ");
    if (name_end == std::string::npos) return 0;
    std::string_view rest = std::string_view(text).substr(name_end + 2);
    for (int field = 1; field < kFieldsBehindName; ++field) take_field(rest, ' ');
    return number_of(take_field(rest, ' '), 10);
}

bool has_file(const ExecutableMapping& mapping) { return mapping.inode != 0 || mapping.path == "[vdso]"; }

void add(std::vector<ExecutableMapping>& mappings, ExecutableMapping&& mapping) {
    const bool continues = !mappings.empty() && mappings.back().end == mapping.start;
    if (continues && !has_file(mapping) && !has_file(mappings.back())) {
        mappings.back().end = mapping.end;
    } else {
        mappings.push_back(std::move(mapping));
    }
}

std::uint64_t pages_of(const ExecutableMapping& mapping) { return (mapping.end - mapping.start) / kPageSize; }

void limit(std::vector<ExecutableMapping>& mappings, std::size_t most) {
    if (mappings.size() <= most) return;
    std::erase_if(mappings, [](const ExecutableMapping& mapping) { return !has_file(mapping); });
    mappings.resize(std::min(mappings.size(), most));
}

std::optional<ExecutableMaps> read_once(const std::filesystem::path& process, std::size_t most) {
    std::ifstream file(process / "maps");
    if (!file) return std::nullopt;
    ExecutableMaps maps;
    std::string line;
    while (std::getline(file, line)) {
        MapsLine parsed = parse(line);
        const bool executable = parsed.permissions.size() > 2 && parsed.permissions[2] == 'x';
        // The vsyscall page belongs to no process, and its code is the kernel's.
        if (!executable || parsed.mapping.path == "[vsyscall]" || parsed.mapping.end <= parsed.mapping.start) continue;
        if (parsed.permissions[1] != 'w') {
            maps.memory.executable_pages += pages_of(parsed.mapping);
        }
        add(maps.mappings, std::move(parsed.mapping));
    }
    limit(maps.mappings, most);
    // An exiting process has none left, and says so by an empty file.
    if (maps.mappings.empty()) return std::nullopt;
    return maps;
}

}  // namespace

std::optional<ExecutableMaps> read_executable_maps(Pid pid, std::size_t most, const std::filesystem::path& proc) {
    constexpr int kMostTries = 3;
    const std::filesystem::path process = ProcFs(proc).directory_of(pid);
    for (int i = 0; i < kMostTries; ++i) {
        const std::uint64_t before = stack_start_of(process);
        auto maps = read_once(process, most);
        // It may have executed another program meanwhile.
        if (!maps || stack_start_of(process) == before) {
            if (maps) maps->memory.stack_start = before;
            return maps;
        }
    }
    return std::nullopt;
}

void lay_over(ExecutableMaps& maps, ExecutableMapping mapping) {
    auto& mappings = maps.mappings;
    // Those that merely touch it are looked at, too: it may continue them.
    const auto first = std::partition_point(mappings.begin(), mappings.end(),
                                            [&](const ExecutableMapping& m) { return m.end < mapping.start; });
    const auto last =
        std::partition_point(first, mappings.end(), [&](const ExecutableMapping& m) { return m.start <= mapping.end; });
    const auto pages = [](const auto& range) {
        return std::transform_reduce(range.begin(), range.end(), std::uint64_t{0}, std::plus<>(), pages_of);
    };
    const std::uint64_t start = mapping.start;
    const std::uint64_t end = mapping.end;
    std::vector<ExecutableMapping> laid;
    const auto keep = [&](const ExecutableMapping& old, std::uint64_t from, std::uint64_t to) {
        const bool is_covered = old.start < end && start < old.end;
        if (from >= to || (is_covered && has_file(old))) return;
        add(laid, {from, to, old.file_offset, old.device, old.inode, old.path});
    };
    for (const ExecutableMapping& old : std::span(first, last)) keep(old, old.start, std::min(old.end, start));
    add(laid, std::move(mapping));
    for (const ExecutableMapping& old : std::span(first, last)) keep(old, std::max(old.start, end), old.end);
    maps.memory.executable_pages += pages(laid) - pages(std::span(first, last));
    mappings.insert(mappings.erase(first, last), std::move_iterator(laid.begin()), std::move_iterator(laid.end()));
}

}  // namespace footfall
