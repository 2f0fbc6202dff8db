#include "output/prometheus/process_metrics.h"

#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>
#include <system_error>
#include <vector>

namespace footfall {
namespace {

Result<std::string> contents(const std::string& path) {
    std::ifstream file(path);
    if (!file) return system_failure("cannot read " + path, errno);
    return std::string(std::istreambuf_iterator<char>(file), {});
}

// The fields of a stat line after the command's name, which is in parentheses and may hold anything.
std::vector<std::string> fields_after_name(const std::string& stat) {
    const std::size_t name_end = stat.rfind(')');
    if (name_end == std::string::npos) return {};
    std::istringstream rest(stat.substr(name_end + 1));
    return {std::istream_iterator<std::string>(rest), {}};
}

std::uint64_t number(std::string_view text) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

// The number that follows `key` at the start of a line.
std::uint64_t number_after(const std::string& text, const std::string& key) {
    const std::size_t line = ("\n" + text).find("\n" + key);
    if (line == std::string::npos) return 0;
    const std::size_t digits = text.find_first_of("0123456789", line + key.size());
    return digits == std::string::npos ? 0 : number(std::string_view(text).substr(digits));
}

std::uint64_t entries_in(const std::string& directory) {
    std::error_code error;
    std::uint64_t count = 0;
    for (std::filesystem::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) ++count;
    return count;
}

}  // namespace

Result<void> read_process_metrics(AgentStatus& status, const std::string& proc_root) {
    // Positions after the name, as proc(5) numbers them less 3.
    constexpr std::size_t kUserTime = 11;
    constexpr std::size_t kSystemTime = 12;
    constexpr std::size_t kStartTime = 19;
    constexpr std::size_t kVirtualBytes = 20;
    constexpr std::size_t kResidentPages = 21;

    const auto stat = contents(proc_root + "/self/stat");
    if (!stat) return tl::unexpected(stat.error());
    const std::vector<std::string> fields = fields_after_name(*stat);
    if (fields.size() <= kResidentPages) return failure(proc_root + "/self/stat has too few fields");
    const auto ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
    status.cpu_seconds = static_cast<double>(number(fields[kUserTime]) + number(fields[kSystemTime])) / ticks_per_second;
    status.virtual_bytes = number(fields[kVirtualBytes]);
    status.resident_bytes = number(fields[kResidentPages]) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    status.open_fds = entries_in(proc_root + "/self/fd");

    const auto boot = contents(proc_root + "/stat");
    if (!boot) return tl::unexpected(boot.error());
    const auto boot_time = static_cast<double>(number_after(*boot, "btime "));
    status.start_time_unix_seconds = boot_time + static_cast<double>(number(fields[kStartTime])) / ticks_per_second;

    const auto limits = contents(proc_root + "/self/limits");
    if (!limits) return tl::unexpected(limits.error());
    status.max_fds = number_after(*limits, "Max open files");
    return {};
}

}  // namespace footfall
