#include "symbolizer/jit/perf_map.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "symbolizer/files/open_below_root.h"
#include "symbolizer/jit/code_owner.h"

namespace footfall {
namespace {

constexpr std::size_t kPerfMapReadBytes = std::size_t{64} << 10;
constexpr std::size_t kMaxLineBytes = 4096;
constexpr std::uint64_t kMaxBytesAtOnce = std::uint64_t{64} << 20;  // the rest is read at the next update

bool take_hex(std::string_view& text, std::uint64_t& number) {
    if (text.starts_with("0x") || text.starts_with("0X")) text.remove_prefix(2);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
    if (error != std::errc()) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.empty() || text.front() != ' ') return false;
    text.remove_prefix(1);
    return true;
}

}  // namespace

tl::expected<Fd, Miss> PerfMap::open(Pid pid, const std::string& proc) {
    const std::string process = proc + "/" + std::to_string(number(pid));
    const auto owner = read_code_owner(process);
    if (!owner) return tl::unexpected(Miss::kNoSuchFile);
    auto file = open_below_root(process + "/root", "/tmp/perf-" + owner->inner_pid + ".map");
    if (!file) return tl::unexpected(file.error() == Miss::kNoSuchFile ? Miss::kNoMap : file.error());
    if (!may_name_code(*owner, file->get())) return tl::unexpected(Miss::kNoPermission);
    return file;
}

Miss PerfMap::update(int file) {
    struct stat status {};
    if (fstat(file, &status) != 0) return Miss::kNoSuchFile;
    const bool another = status.st_dev != device_ || status.st_ino != inode_;
    if (another || static_cast<std::uint64_t>(status.st_size) < position_) {
        code_.clear();
        half_line_.clear();
        skipping_line_ = false;
        position_ = 0;
        device_ = status.st_dev;
        inode_ = status.st_ino;
    }
    Miss miss = Miss::kNone;
    std::string text(kPerfMapReadBytes, '\0');
    for (const std::uint64_t end = position_ + kMaxBytesAtOnce; position_ < end;) {
        const ssize_t count = pread(file, text.data(), text.size(), static_cast<off_t>(position_));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        position_ += static_cast<std::uint64_t>(count);
        if (consume(std::string_view(text).substr(0, static_cast<std::size_t>(count))) != Miss::kNone)
            miss = Miss::kTooLarge;
    }
    return miss;
}

Miss PerfMap::consume(std::string_view text) {
    Miss miss = Miss::kNone;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        const std::string_view piece = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (!skipping_line_) half_line_ += piece;
        if (half_line_.size() > kMaxLineBytes) {
            half_line_.clear();
            skipping_line_ = true;
            ++bad_lines_;
        }
        if (end == std::string_view::npos) break;
        if (!skipping_line_ && !add_line(half_line_)) miss = Miss::kTooLarge;
        half_line_.clear();
        skipping_line_ = false;
    }
    return miss;
}

bool PerfMap::add_line(std::string_view line) {
    std::uint64_t start = 0;
    std::uint64_t size = 0;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!take_hex(line, start) || !take_hex(line, size) || line.empty()) {
        ++bad_lines_;
        return true;
    }
    return code_.add(start, size, line);
}

}  // namespace footfall
