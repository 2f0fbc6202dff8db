#include "symbolizer/kernel/kallsyms.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <limits>
#include <numeric>

#include "agent/base/fd.h"

namespace footfall {
namespace {

constexpr std::size_t kKallsymsReadBytes = std::size_t{256} << 10;
constexpr std::size_t kMaxKallsymsLine = 4096;
constexpr std::uint64_t kReachOfLast = 64 << 10;  // nothing says where the last function ends

struct KallsymsLine {
    std::uint64_t address = 0;
    char type = 0;
    std::string_view name;
    std::string_view module;  // without brackets; empty: the kernel itself
};

// "ffffffff81000000 T _stext" or "ffffffffc0301000 t name\t[module]"
bool parse_kallsyms_line(std::string_view text, KallsymsLine& line) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), line.address, 16);
    if (error != std::errc()) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.size() < 4 || text[0] != ' ' || text[2] != ' ') return false;
    line.type = text[1];
    text.remove_prefix(3);
    const std::size_t tab = text.find('\t');
    line.name = text.substr(0, tab);
    line.module = {};
    if (tab != std::string_view::npos && text.ends_with(']') && text.size() > tab + 3)
        line.module = text.substr(tab + 2, text.size() - tab - 3);
    return !line.name.empty();
}

bool is_function(char type) { return type == 't' || type == 'T' || type == 'w' || type == 'W'; }

Miss miss_of(int error) { return error == EACCES || error == EPERM ? Miss::kNoPermission : Miss::kNoSuchFile; }

}  // namespace

class KernelSymbols::Builder {
public:
    explicit Builder(std::size_t max_bytes) : max_bytes_(max_bytes) {
        symbols_.names_.push_back('\0');
        symbols_.modules_ = {"kernel"};
    }

    Miss read(int fd) {
        std::string text;
        while (true) {
            const std::size_t kept = text.size();
            text.resize(kept + kKallsymsReadBytes);
            const ssize_t count = ::read(fd, text.data() + kept, kKallsymsReadBytes);
            if (count < 0 && errno != EINTR) return miss_of(errno);
            text.resize(kept + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
            const std::size_t used = add_lines(text);
            if (count == 0) return Miss::kNone;
            text.erase(0, used);
            if (text.size() > kMaxKallsymsLine) return Miss::kMalformed;
            if (symbols_.bytes() > max_bytes_) return Miss::kTooLarge;
        }
    }

    tl::expected<KernelSymbols, Miss> finish() {
        if (functions_ == 0) return tl::unexpected(hidden_ > 0 ? Miss::kHiddenAddresses : Miss::kMalformed);
        sort();
        symbols_.names_.shrink_to_fit();
        return std::move(symbols_);
    }

private:
    // Returns how much of the text was whole lines.
    std::size_t add_lines(std::string_view text) {
        std::size_t used = 0;
        for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n', used)) {
            KallsymsLine line;
            if (parse_kallsyms_line(text.substr(used, end - used), line)) add(line);
            used = end + 1;
        }
        return used;
    }

    void add(const KallsymsLine& line) {
        const bool function = is_function(line.type);
        if (line.address == 0) {
            hidden_ += function ? 1 : 0;
            return;
        }
        // Of data in a row, the first is enough to say where a function ends.
        if (!function && !symbols_.entries_.empty() && symbols_.entries_.back().name == 0 &&
            symbols_.addresses_.back() <= line.address)
            return;
        Entry entry;
        if (function) {
            entry = {static_cast<std::uint32_t>(symbols_.names_.size()), module_index(line.module)};
            symbols_.names_.append(line.name).push_back('\0');
            ++functions_;
        }
        symbols_.addresses_.push_back(line.address);
        symbols_.entries_.push_back(entry);
    }

    std::uint16_t module_index(std::string_view module) {
        if (module.empty()) return 0;
        auto& modules = symbols_.modules_;
        if (modules.back() == module) return static_cast<std::uint16_t>(modules.size() - 1);
        const auto known = std::find(modules.begin(), modules.end(), module);
        if (known != modules.end()) return static_cast<std::uint16_t>(known - modules.begin());
        if (modules.size() > std::numeric_limits<std::uint16_t>::max()) return 0;
        modules.emplace_back(module);
        return static_cast<std::uint16_t>(modules.size() - 1);
    }

    // By address; of several at one address, the one that the kernel lists first.
    void sort() {
        std::vector<std::uint32_t> order(symbols_.addresses_.size());
        std::iota(order.begin(), order.end(), 0);
        const auto& addresses = symbols_.addresses_;
        std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
            const bool a_is_data = symbols_.entries_[a].name == 0;
            const bool b_is_data = symbols_.entries_[b].name == 0;
            return std::tie(addresses[a], a_is_data, a) < std::tie(addresses[b], b_is_data, b);
        });
        std::vector<std::uint64_t> sorted_addresses;
        std::vector<Entry> sorted_entries;
        sorted_addresses.reserve(order.size());
        sorted_entries.reserve(order.size());
        for (const std::uint32_t i : order) {
            if (!sorted_addresses.empty() && sorted_addresses.back() == addresses[i]) continue;
            sorted_addresses.push_back(addresses[i]);
            sorted_entries.push_back(symbols_.entries_[i]);
        }
        symbols_.addresses_ = std::move(sorted_addresses);
        symbols_.entries_ = std::move(sorted_entries);
    }

    std::size_t max_bytes_;
    std::size_t functions_ = 0;
    std::size_t hidden_ = 0;
    KernelSymbols symbols_;
};

tl::expected<KernelSymbols, Miss> KernelSymbols::load(const std::string& path, std::size_t max_bytes) {
    const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) return tl::unexpected(miss_of(errno));
    Builder builder(max_bytes);
    if (const Miss miss = builder.read(fd.get()); miss != Miss::kNone) return tl::unexpected(miss);
    return builder.finish();
}

tl::expected<KernelSymbol, Miss> KernelSymbols::find(std::uint64_t address) const {
    const auto after = std::upper_bound(addresses_.begin(), addresses_.end(), address);
    if (after == addresses_.begin()) return tl::unexpected(Miss::kOutsideOfSymbols);
    const auto at = static_cast<std::size_t>(after - addresses_.begin()) - 1;
    const std::uint64_t offset = address - addresses_[at];
    const Entry& entry = entries_[at];
    if (entry.name == 0 || (after == addresses_.end() && offset >= kReachOfLast))
        return tl::unexpected(Miss::kOutsideOfSymbols);
    return KernelSymbol{names_.data() + entry.name, modules_[entry.module], offset};
}

std::size_t KernelSymbols::functions() const {
    return static_cast<std::size_t>(
        std::count_if(entries_.begin(), entries_.end(), [](const Entry& it) { return it.name != 0; }));
}

std::size_t KernelSymbols::bytes() const {
    return addresses_.capacity() * sizeof(std::uint64_t) + entries_.capacity() * sizeof(Entry) + names_.capacity();
}

}  // namespace footfall
