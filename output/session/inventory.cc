#include "output/session/inventory.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "agent/base/text.h"
#include "output/session/hidden_uses.h"
#include "output/session/inventory_matches.h"
#include "output/session/operation_totals.h"
#include "output/session/watched.h"

namespace footfall {
namespace {

using Means = InventoryItem::Means;

constexpr std::string_view kFunction = "function ";
constexpr std::string_view kHttp = "http ";

// Something that was used, or could have been, and what is known of it.
struct Usable {
    std::string text;
    std::uint64_t uses = 0;
    std::int64_t first_seen = 0;
    std::int64_t last_seen = 0;
    Watched watched;
    bool listed = false;
};

class InventoryComparison {
public:
    InventoryComparison(const Snapshot& snapshot, const Inventory& inventory)
        : operations_watched_(watched_operations(snapshot)), hidden_(snapshot), inventory_(inventory) {
        for (const InventoryItem& item : inventory.items) {
            InventoryLine& line = lines_.emplace_back();
            line.text = item.text;
            line.place = item.place;
            line.first_table = item.means == Means::kTable;
            if (item.means != Means::kName) line.watched = operations_watched_;
        }
        add_operations(snapshot);
        add_functions(snapshot);
        look_up_names();
        for (std::size_t i = 0; i < lines_.size(); ++i) settle(lines_[i], inventory_.items[i]);
    }

    [[nodiscard]] std::vector<InventoryLine> take_lines() { return std::move(lines_); }
    [[nodiscard]] std::uint64_t folded_uses() const { return hidden_.folded(); }

    [[nodiscard]] std::vector<UnlistedUse> unlisted() const {
        std::map<std::string, std::uint64_t> uses;
        for (const Usable& usable : usables_) {
            if (!usable.listed && usable.uses > 0) uses[usable.text] += usable.uses;
        }
        std::vector<UnlistedUse> out;
        out.reserve(uses.size());
        for (const auto& [text, count] : uses) out.push_back({text, count});
        std::stable_sort(out.begin(), out.end(), [](const UnlistedUse& a, const UnlistedUse& b) { return a.uses > b.uses; });
        return out;
    }

private:
    void add_operations(const Snapshot& snapshot) {
        const InventoryMatches matches(inventory_);
        for (const Operation& operation : snapshot.operations()) {
            if (operation.operation() == kFoldedOperation) continue;
            Usable usable{.text = {},
                          .uses = totals_of(operation).uses,
                          .first_seen = operation.first_seen_unix_nanos(),
                          .last_seen = operation.last_seen_unix_nanos(),
                          .watched = operations_watched_};
            const ItemMatches found = matches.of(operation);
            name({operation.kind() + " " + operation.operation(), operation.operation()}, std::move(usable));
            for (const std::size_t item : found.sure) add_to(lines_[item], usables_.back());
            for (const std::size_t item : found.perhaps) add_perhaps(lines_[item], usables_.back());
        }
    }

    void add_functions(const Snapshot& snapshot) {
        for (const FunctionFile& file : snapshot.function_files()) {
            for (const FunctionUse& function : file.functions()) add(file, function);
        }
    }

    void add(const FunctionFile& file, const FunctionUse& function) {
        if (!function.not_counted().empty()) return;
        const std::string in_file = file.path().substr(file.path().rfind('/') + 1) + "!";
        std::vector<std::string> names;
        const auto add_names = [&](const std::string& name) {
            names.push_back(std::string(kFunction) + in_file + name);
            names.push_back(in_file + name);
            names.push_back(std::string(kFunction) + name);
            names.push_back(name);
        };
        add_names(function.name());
        for (const std::string& alias : function.aliases()) add_names(alias);
        name(names, {.text = {},
                     .uses = function.calls(),
                     .first_seen = function.first_seen_unix_nanos(),
                     .last_seen = function.last_seen_unix_nanos(),
                     .watched = function.has_watched() ? function.watched() : file.watched()});
    }

    void name(const std::vector<std::string>& names, Usable usable) {
        usable.text = names.front();
        for (const std::string& name : names) by_name_[name].push_back(usables_.size());
        usables_.push_back(std::move(usable));
    }

    // Of the items that are found by nothing else. A name without its kind and without "!" that nothing has is taken for an
    // operation's.
    void look_up_names() {
        for (std::size_t i = 0; i < lines_.size(); ++i) {
            if (inventory_.items[i].means != Means::kName) continue;
            InventoryLine& line = lines_[i];
            const auto found = by_name_.find(line.text);
            if (found != by_name_.end()) {
                for (const std::size_t place : found->second) add_to(line, usables_[place]);
            } else if (is_operation(line.text)) {
                line.watched = operations_watched_;
            }
        }
    }

    static bool is_operation(std::string_view name) {
        return !name.starts_with(kFunction) && name.find('!') == std::string_view::npos;
    }

    static void add_to(InventoryLine& line, Usable& usable) {
        usable.listed = true;
        line.uses += usable.uses;
        if (usable.first_seen != 0 && (line.first_seen_unix_nanos == 0 || usable.first_seen < line.first_seen_unix_nanos))
            line.first_seen_unix_nanos = usable.first_seen;
        line.last_seen_unix_nanos = std::max(line.last_seen_unix_nanos, usable.last_seen);
        if (line.watched.spans().empty()) line.watched = usable.watched;
    }

    static void add_perhaps(InventoryLine& line, Usable& usable) {
        usable.listed = true;
        if (usable.uses > 0 && line.perhaps_in.empty()) line.perhaps_in = usable.text;
    }

    void settle(InventoryLine& line, const InventoryItem& item) const {
        if (line.uses > 0) {
            line.state = InventoryState::kUsed;
            line.perhaps_in.clear();
        } else if (line.watched.spans().empty()) {
            line.state = InventoryState::kNotWatched;
            line.perhaps_in.clear();
        } else {
            if (line.perhaps_in.empty()) line.perhaps_in = hidden_from(item);
            line.state = line.perhaps_in.empty() ? InventoryState::kUnused : InventoryState::kUnclear;
        }
    }

    [[nodiscard]] std::string_view hidden_from(const InventoryItem& item) const {
        switch (item.means) {
            case Means::kRoute:
                return hidden_.of_kind("http");
            case Means::kTable:
                return hidden_.of_sql();
            case Means::kName:
                break;
        }
        // A function that is known has its own count.
        if (!is_operation(item.text) || by_name_.contains(item.text)) return {};
        const std::string_view first = std::string_view(item.text).substr(0, item.text.find(' '));
        const bool names_kind = !first.empty() && first.find_first_not_of("abcdefghijklmnopqrstuvwxyz") == first.npos;
        return hidden_.of_kind(names_kind ? first : std::string_view{});
    }

    Watched operations_watched_;
    HiddenUses hidden_;
    const Inventory& inventory_;
    std::vector<InventoryLine> lines_;  // by item
    std::vector<Usable> usables_;
    std::map<std::string, std::vector<std::size_t>, std::less<>> by_name_;
};

// "http GET /orders/{id}" and "GET /orders/{id}".
std::optional<InventoryItem> route_from(std::string_view line) {
    std::string_view rest = line;
    if (rest.starts_with(kHttp)) rest.remove_prefix(kHttp.size());
    const std::size_t space = rest.find(' ');
    if (space == 0 || space == std::string_view::npos) return std::nullopt;
    const std::string_view method = rest.substr(0, space);
    const std::string_view path = rest.substr(space + 1);
    const bool is_method = method.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string_view::npos;
    if (!is_method || !path.starts_with('/') || path.find(' ') != std::string_view::npos) return std::nullopt;
    return InventoryItem{std::string(line), Means::kRoute, std::string(method), {std::string(path)}, {}};
}

}  // namespace

void Inventory::add(Inventory other) { std::move(other.items.begin(), other.items.end(), std::back_inserter(items)); }

void Inventory::leave_out_repeated() {
    std::set<std::string> known;
    std::erase_if(items, [&](const InventoryItem& item) { return !known.insert(item.text).second; });
}

Inventory plain_list(std::string_view text, const std::string& file) {
    Inventory inventory;
    std::size_t number = 0;
    for (std::string_view line : split(text, '\n')) {
        ++number;
        if (line.ends_with('\r')) line.remove_suffix(1);
        line = trim(line);
        if (line.empty() || line.front() == '#') continue;
        inventory.items.push_back(route_from(line).value_or(InventoryItem{std::string(line), Means::kName, {}, {}, {}}));
        if (!file.empty()) inventory.items.back().place = file + ":" + std::to_string(number);
    }
    inventory.leave_out_repeated();
    return inventory;
}

std::string_view name_of(InventoryState state) {
    switch (state) {
        case InventoryState::kUsed:
            return "used";
        case InventoryState::kUnused:
            return "unused";
        case InventoryState::kUnclear:
            return "unclear";
        case InventoryState::kNotWatched:
            return "not_watched";
    }
    return {};
}

std::uint64_t InventoryAnswer::count(InventoryState state) const {
    return static_cast<std::uint64_t>(
        std::count_if(lines.begin(), lines.end(), [&](const InventoryLine& line) { return line.state == state; }));
}

InventoryAnswer compare_inventory(const Snapshot& snapshot, const Inventory& inventory) {
    InventoryComparison comparison(snapshot, inventory);
    InventoryAnswer answer;
    answer.unlisted = comparison.unlisted();
    answer.folded_uses = comparison.folded_uses();
    answer.lines = comparison.take_lines();
    const auto& files = snapshot.function_files();
    answer.at_least = std::any_of(files.begin(), files.end(), [](const FunctionFile& file) { return file.coverage(); });
    return answer;
}

}  // namespace footfall
