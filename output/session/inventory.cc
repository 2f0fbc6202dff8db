#include "output/session/inventory.h"

#include <algorithm>
#include <map>
#include <set>

#include "agent/base/text.h"
#include "output/session/operation_totals.h"
#include "output/session/watched.h"

namespace footfall {
namespace {

constexpr std::string_view kFoldedOperation = "other";
constexpr std::string_view kFunction = "function ";

// Something that a line may mean, and what is known of it.
struct Usable {
    std::string text;
    std::uint64_t uses = 0;
    std::int64_t first_seen = 0;
    std::int64_t last_seen = 0;
    Watched watched;
    bool listed = false;
};

class Usables {
public:
    explicit Usables(const Snapshot& snapshot) : operations_watched_(watched_operations(snapshot)) {
        for (const Operation& operation : snapshot.operations()) add(operation);
        for (const FunctionFile& file : snapshot.function_files()) {
            for (const FunctionUse& function : file.functions()) add(file, function);
        }
    }

    InventoryLine look_up(std::string_view text) {
        InventoryLine line;
        line.text = text;
        const auto found = by_name_.find(text);
        if (found == by_name_.end()) {
            if (!text.starts_with(kFunction) && text.find('!') == std::string_view::npos) line.watched = operations_watched_;
        } else {
            for (const std::size_t place : found->second) add_to(line, usables_[place]);
        }
        line.state = line.uses > 0                  ? InventoryState::kUsed
                     : line.watched.spans().empty() ? InventoryState::kNotWatched
                                                    : InventoryState::kUnused;
        return line;
    }

    [[nodiscard]] std::uint64_t folded_uses() const { return folded_uses_; }
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
    void add(const Operation& operation) {
        const std::uint64_t uses = totals_of(operation).uses;
        if (operation.operation() == kFoldedOperation) {
            folded_uses_ += uses;
            return;
        }
        name({operation.kind() + " " + operation.operation(), operation.operation()},
             {.text = {},
              .uses = uses,
              .first_seen = operation.first_seen_unix_nanos(),
              .last_seen = operation.last_seen_unix_nanos(),
              .watched = operations_watched_});
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

    static void add_to(InventoryLine& line, Usable& usable) {
        usable.listed = true;
        line.uses += usable.uses;
        if (usable.first_seen != 0 && (line.first_seen_unix_nanos == 0 || usable.first_seen < line.first_seen_unix_nanos))
            line.first_seen_unix_nanos = usable.first_seen;
        line.last_seen_unix_nanos = std::max(line.last_seen_unix_nanos, usable.last_seen);
        if (line.watched.spans().empty()) line.watched = usable.watched;
    }

    Watched operations_watched_;
    std::vector<Usable> usables_;
    std::map<std::string, std::vector<std::size_t>, std::less<>> by_name_;
    std::uint64_t folded_uses_ = 0;
};

}  // namespace

InventoryAnswer compare_inventory(const Snapshot& snapshot, std::string_view list) {
    Usables usables(snapshot);
    InventoryAnswer answer;
    std::set<std::string_view> seen;
    for (std::string_view line : split(list, '\n')) {
        if (line.ends_with('\r')) line.remove_suffix(1);
        line = trim(line);
        if (line.empty() || line.front() == '#' || !seen.insert(line).second) continue;
        answer.lines.push_back(usables.look_up(line));
    }
    answer.unlisted = usables.unlisted();
    answer.folded_uses = usables.folded_uses();
    const auto& files = snapshot.function_files();
    answer.at_least = std::any_of(files.begin(), files.end(), [](const FunctionFile& file) { return file.coverage(); });
    return answer;
}

}  // namespace footfall
