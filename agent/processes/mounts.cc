#include "agent/processes/mounts.h"

#include <algorithm>

#include "agent/base/text.h"
#include "agent/processes/small_file.h"

namespace footfall {
namespace {

constexpr std::size_t kMaxMountinfo = std::size_t{4} << 20;
constexpr std::size_t kRootField = 3;
constexpr std::size_t kPointField = 4;

bool is_octal(char c) { return c >= '0' && c <= '7'; }

// Blanks, tabs, line ends and backslashes are written as \ooo.
std::string unescape(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool escape = text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) && is_octal(text[i + 2]) &&
                            is_octal(text[i + 3]);
        if (!escape) {
            plain.push_back(text[i]);
            continue;
        }
        plain.push_back(static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0')));
        i += 3;
    }
    return plain;
}

}  // namespace

// "31 23 0:28 root point options [optional…] - type source super_options"
std::vector<Mount> parse_mounts(std::string_view mountinfo) {
    std::vector<Mount> mounts;
    for (const std::string_view line : split(mountinfo, '\n')) {
        const auto fields = split(line, ' ');
        const auto dash = std::find(fields.begin(), fields.end(), "-");
        if (fields.end() - dash < 4 || dash - fields.begin() <= static_cast<std::ptrdiff_t>(kPointField)) continue;
        const auto options = split(dash[3], ',');
        mounts.push_back({unescape(fields[kRootField]),
                          unescape(fields[kPointField]),
                          std::string(dash[1]),
                          {options.begin(), options.end()}});
    }
    return mounts;
}

std::vector<Mount> read_mounts(const std::filesystem::path& host_root) {
    return parse_mounts(read_small_file(host_root / "proc/self/mountinfo", kMaxMountinfo).value_or(""));
}

const Mount* find_mount(const std::vector<Mount>& mounts, std::string_view type, std::string_view super_option) {
    const auto is_it = [&](const Mount& mount) {
        const auto& options = mount.super_options;
        return mount.type == type &&
               (super_option.empty() || std::find(options.begin(), options.end(), super_option) != options.end());
    };
    const auto found = std::find_if(mounts.begin(), mounts.end(), is_it);
    return found == mounts.end() ? nullptr : &*found;
}

}  // namespace footfall
