#include "agent/processes/proc_fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <fstream>
#include <memory>
#include <optional>
#include <unordered_set>

#include "agent/base/fd.h"
#include "agent/base/text.h"
#include "agent/processes/small_file.h"

namespace footfall {
namespace {

constexpr std::size_t kMaxMaps = std::size_t{16} << 20;
constexpr std::size_t kMaxEnvironment = std::size_t{1} << 20;
constexpr std::string_view kEscapedLineEnd = "\\012";
constexpr std::string_view kDeletedMark = " (deleted)";
constexpr std::string_view kServiceNameKey = "OTEL_SERVICE_NAME=";
constexpr std::size_t kParentField = 1;  // field 4, counted from the field after comm, which is field 3
constexpr std::size_t kStartField = 19;  // field 22
constexpr std::string_view kUidKey = "Uid:\t";

ProcessMiss miss_of(int error) {
    return error == EACCES || error == EPERM ? ProcessMiss::kNotPermitted : ProcessMiss::kGone;
}

Fd open_directory(const std::filesystem::path& path) { return Fd(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)); }

template <typename Number>
std::optional<Number> parse_number(std::string_view text, int base = 10) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
    return value;
}

// "812 (comm) S 1 …": comm may hold anything, brackets and line ends too, so its end is the last bracket there is.
bool parse_stat(std::string_view text, ProcessFacts& facts) {
    const std::size_t open = text.find('(');
    const std::size_t close = text.rfind(')');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open || close + 2 > text.size())
        return false;
    facts.comm = text.substr(open + 1, close - open - 1);

    const auto fields = split(text.substr(close + 2), ' ');
    if (fields.size() <= kStartField) return false;
    const auto parent = parse_number<std::uint32_t>(fields[kParentField]);
    const auto start = parse_number<std::uint64_t>(fields[kStartField]);
    if (!parent || !start) return false;
    facts.parent = Pid{*parent};
    facts.start_ticks = *start;
    return true;
}

bool parse_status(std::string_view text, ProcessFacts& facts) {
    for (const std::string_view line : split(text, '\n')) {
        if (!line.starts_with(kUidKey)) continue;
        const auto ids = split(line.substr(kUidKey.size()), '\t');
        const auto uid = ids.empty() ? std::nullopt : parse_number<std::uint32_t>(ids.front());
        facts.uid = Uid{uid.value_or(0)};
        return uid.has_value();
    }
    return false;
}

std::vector<CgroupMembership> parse_cgroups(std::string_view text) {
    std::vector<CgroupMembership> memberships;
    for (const std::string_view line : split(text, '\n')) {
        const std::size_t first = line.find(':');
        const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
        if (second == std::string_view::npos) continue;
        memberships.push_back(
            {std::string(line.substr(first + 1, second - first - 1)), std::string(line.substr(second + 1))});
    }
    return memberships;
}

void read_executable(int directory, ProcessFacts& facts) {
    std::array<char, PATH_MAX> target{};
    const ssize_t length = readlinkat(directory, "exe", target.data(), target.size());
    if (length <= 0) return;
    facts.executable.assign(target.data(), static_cast<std::size_t>(length));
    facts.executable_deleted = strip_deleted(facts.executable);
}

std::vector<std::string> parse_arguments(std::string_view text) {
    if (text.ends_with('\0')) text.remove_suffix(1);
    if (text.empty()) return {};
    const auto pieces = split(text, '\0');
    return {pieces.begin(), pieces.end()};
}

// "address perms offset dev inode      /path"; in the path, a line end is written \012.
std::optional<std::string> mapped_code(std::string_view line) {
    const std::size_t permissions = line.find(' ');
    const std::size_t space = line.find(" /");
    if (permissions == std::string_view::npos || space == std::string_view::npos) return std::nullopt;
    if (line.substr(permissions + 1, 4).find('x') == std::string_view::npos) return std::nullopt;
    std::string path(line.substr(space + 1));
    for (std::size_t at = path.find(kEscapedLineEnd); at != std::string::npos; at = path.find(kEscapedLineEnd, at + 1))
        path.replace(at, kEscapedLineEnd.size(), "\n");
    strip_deleted(path);
    return path;
}

struct CloseDirectory {
    void operator()(DIR* directory) const { closedir(directory); }
};

}  // namespace

bool strip_deleted(std::string& path) {
    if (!path.ends_with(kDeletedMark)) return false;
    path.resize(path.size() - kDeletedMark.size());
    return true;
}

tl::expected<ProcessFacts, ProcessMiss> ProcFs::facts(Pid pid) const {
    const Fd directory = open_directory(directory_of(pid));
    if (!directory.valid()) return tl::unexpected(miss_of(errno));

    ProcessFacts facts{.pid = pid};
    const auto stat = read_small_file_at(directory.get(), "stat");
    if (!stat) return tl::unexpected(miss_of(stat.error()));
    const auto status = read_small_file_at(directory.get(), "status");
    if (!status) return tl::unexpected(miss_of(status.error()));
    if (!parse_stat(*stat, facts) || !parse_status(*status, facts)) return tl::unexpected(ProcessMiss::kGone);

    read_executable(directory.get(), facts);
    if (const auto text = read_small_file_at(directory.get(), "cmdline")) facts.arguments = parse_arguments(*text);
    if (const auto text = read_small_file_at(directory.get(), "cgroup")) facts.cgroups = parse_cgroups(*text);
    return facts;
}

bool ProcFs::is_running(Pid pid) const {
    std::ifstream file(directory_of(pid) / "stat");
    std::string line;
    std::getline(file, line);
    const std::size_t name_end = line.rfind(") ");
    return name_end != std::string::npos && name_end + 2 < line.size() && line[name_end + 2] != 'Z' &&
           line[name_end + 2] != 'X';
}

bool ProcFs::is_headless(Pid pid) const {
    if (is_running(pid)) return false;
    std::error_code error;
    const std::filesystem::directory_iterator threads(directory_of(pid) / "task", error);
    return !error && std::distance(begin(threads), end(threads)) > 1;
}

std::string ProcFs::declared_service(Pid pid) const {
    const Fd directory = open_directory(directory_of(pid));
    const Fd fd(directory.valid() ? openat(directory.get(), "environ", O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1);
    if (!fd.valid()) return {};

    // One buffer that never grows, so that wiping it leaves no copy behind.
    const auto buffer = std::make_unique_for_overwrite<char[]>(kMaxEnvironment);
    std::size_t size = 0;
    for (ssize_t count = 1; count > 0 && size < kMaxEnvironment;
         size += static_cast<std::size_t>(std::max<ssize_t>(count, 0)))
        count = read(fd.get(), buffer.get() + size, kMaxEnvironment - size);

    std::string value;
    for (const std::string_view variable : split({buffer.get(), size}, '\0'))
        if (variable.starts_with(kServiceNameKey)) value = variable.substr(kServiceNameKey.size());
    explicit_bzero(buffer.get(), size);
    return value;
}

tl::expected<std::vector<std::string>, ProcessMiss> ProcFs::mapped_files(Pid pid) const {
    const auto text = read_small_file(directory_of(pid) / "maps", kMaxMaps);
    if (!text) return tl::unexpected(miss_of(text.error()));
    std::vector<std::string> files;
    std::unordered_set<std::string> seen;
    for (const std::string_view line : split(*text, '\n')) {
        auto path = mapped_code(line);
        if (path && seen.insert(*path).second) files.push_back(std::move(*path));
    }
    return files;
}

std::vector<Pid> ProcFs::pids() const {
    std::vector<Pid> pids;
    const std::unique_ptr<DIR, CloseDirectory> directory(opendir(root_.c_str()));
    if (!directory) return pids;
    while (const dirent* entry = readdir(directory.get()))
        if (const auto pid = parse_number<std::uint32_t>(entry->d_name)) pids.push_back(Pid{*pid});
    std::sort(pids.begin(), pids.end());
    return pids;
}

std::unordered_map<Pid, std::vector<Pid>> ProcFs::children() const {
    std::unordered_map<Pid, std::vector<Pid>> children;
    for (const Pid pid : pids()) {
        const auto stat = read_small_file(directory_of(pid) / "stat");
        ProcessFacts facts;
        if (stat && parse_stat(*stat, facts)) children[facts.parent].push_back(pid);
    }
    return children;
}

}  // namespace footfall
