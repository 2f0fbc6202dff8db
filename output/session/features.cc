#include "output/session/features.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "agent/base/text.h"
#include "output/session/hidden_uses.h"
#include "output/session/merge_operations.h"
#include "output/session/operation_totals.h"
#include "output/session/route_fit.h"
#include "output/session/watched.h"

namespace footfall {
namespace {

std::string_view file_name_in(std::string_view path) { return path.substr(path.rfind('/') + 1); }

using Fit = RouteFit::Match;

Fit fit_as_route(std::string_view glob, const Operation& operation) {
    const std::size_t space = glob.find(' ');
    if (space == std::string_view::npos || operation.route().empty()) return Fit::kNo;
    if (!glob_match(glob.substr(0, space), operation.method())) return Fit::kNo;
    return fit_route(glob.substr(space + 1), operation.route(), operation.configured()).match;
}

Fit fit_of(const FeaturePattern& pattern, const Operation& operation) {
    if (pattern.kind != operation.kind()) return Fit::kNo;
    if (glob_match(pattern.glob, operation.operation())) return Fit::kYes;
    return pattern.kind == "http" ? fit_as_route(pattern.glob, operation) : Fit::kNo;
}

Fit fit_of(const Feature& feature, const Operation& operation) {
    Fit best = Fit::kNo;
    for (const FeaturePattern& pattern : feature.patterns) best = std::max(best, fit_of(pattern, operation));
    return best;
}

bool matches_file(const FeaturePattern& pattern, std::string_view path) {
    if (pattern.file.empty()) return true;
    const bool is_path = pattern.file.find('/') != std::string::npos;
    return glob_match(pattern.file, is_path ? path : file_name_in(path));
}

bool matches_name(std::string_view glob, std::string_view name) {
    return glob_match(glob, name) || glob_match(glob, without_parameters(name));
}

bool matches(const FeaturePattern& pattern, const FunctionUse& function) {
    const std::string_view kind = function.kind().empty() ? "function" : std::string_view(function.kind());
    if (pattern.kind != kind) return false;
    const auto& aliases = function.aliases();
    return matches_name(pattern.glob, function.name()) ||
           std::any_of(aliases.begin(), aliases.end(),
                       [&](const std::string& alias) { return matches_name(pattern.glob, alias); });
}

const Watched& watched_of(const FunctionFile& file, const FunctionUse& function) {
    return function.has_watched() ? function.watched() : file.watched();
}

Operation as_operation(const FunctionFile& file, const FunctionUse& function) {
    Operation operation;
    operation.set_service(std::string(file_name_in(file.path())));
    OutcomeUse& calls = *operation.add_outcomes();
    calls.set_outcome("ok");
    calls.set_uses(function.calls());
    *calls.mutable_latency() = function.duration();
    operation.set_first_seen_unix_nanos(function.first_seen_unix_nanos());
    operation.set_last_seen_unix_nanos(function.last_seen_unix_nanos());
    return operation;
}

class FeatureComparison {
public:
    FeatureComparison(const Snapshot& snapshot, const Features& features)
        : features_(features), operations_watched_(watched_operations(snapshot)), hidden_(snapshot), used_(features.size()) {
        for (const Feature& feature : features) {
            InventoryLine& line = found_.features.emplace_back().line;
            line.text = feature.name;
            line.place = feature.place;
            watched_.emplace_back(feature.patterns.size());
        }
        for (const Operation& operation : snapshot.operations()) add(operation);
        for (const FunctionFile& file : snapshot.function_files()) {
            for (const FunctionUse& function : file.functions()) add(file, function);
        }
        for (std::size_t i = 0; i < features.size(); ++i) settle(i);
    }

    FeatureUses take() {
        Snapshot rows;
        rows_.fill(rows);
        found_.rows.assign(rows.operations().begin(), rows.operations().end());
        for (std::size_t i = 0; i < used_.size(); ++i) found_.features[i].operations = {used_[i].begin(), used_[i].end()};
        return std::move(found_);
    }

private:
    void add(const Operation& operation) {
        const std::uint64_t uses = totals_of(operation).uses;
        bool in_one = false;
        for (std::size_t i = 0; i < features_.size(); ++i) {
            const Fit fit = fit_of(features_[i], operation);
            const std::string name = operation.kind() + " " + operation.operation();
            if (fit == Fit::kYes && uses > 0) count(i, operation, name, uses);
            if (fit == Fit::kPerhaps && uses > 0) found_.features[i].line.perhaps_in = name;
            in_one = in_one || fit == Fit::kYes;
        }
        if (!in_one && uses > 0) add_row(operation, kNoFeature);
    }

    void add(const FunctionFile& file, const FunctionUse& function) {
        if (!function.not_counted().empty()) return;
        const Operation operation = as_operation(file, function);
        bool in_one = false;
        for (std::size_t i = 0; i < features_.size(); ++i) {
            bool mine = false;
            for (std::size_t p = 0; p < features_[i].patterns.size(); ++p) {
                const FeaturePattern& pattern = features_[i].patterns[p];
                if (!matches_file(pattern, file.path()) || !matches(pattern, function)) continue;
                mine = true;
                keep_shortest(watched_[i][p], watched_of(file, function));
            }
            if (mine && function.calls() > 0) {
                count(i, operation, "function " + operation.service() + "!" + function.name(), function.calls());
            }
            in_one = in_one || mine;
        }
        if (!in_one && function.calls() > 0) add_row(operation, kNoFeature);
    }

    void count(std::size_t feature, const Operation& operation, std::string name, std::uint64_t uses) {
        InventoryLine& line = found_.features[feature].line;
        line.uses += uses;
        const std::int64_t first = operation.first_seen_unix_nanos();
        if (first != 0 && (line.first_seen_unix_nanos == 0 || first < line.first_seen_unix_nanos))
            line.first_seen_unix_nanos = first;
        line.last_seen_unix_nanos = std::max(line.last_seen_unix_nanos, operation.last_seen_unix_nanos());
        used_[feature].insert(std::move(name));
        add_row(operation, line.text);
    }

    void add_row(const Operation& operation, std::string_view feature) {
        Operation row = operation;
        row.set_kind(std::string(kFeatureKind));
        row.set_operation(std::string(feature));
        row.clear_method();
        row.clear_route();
        rows_.add(row);
    }

    static void keep_shortest(std::optional<Watched>& kept, const Watched& watched) {
        if (!kept || watched_nanos(watched) < watched_nanos(*kept)) kept = watched;
    }

    void settle(std::size_t feature) {
        InventoryLine& line = found_.features[feature].line;
        std::optional<Watched> shortest;
        for (std::size_t p = 0; p < features_[feature].patterns.size(); ++p) {
            const FeaturePattern& pattern = features_[feature].patterns[p];
            const bool of_functions = pattern.kind == "function" || pattern.kind == "usdt";
            keep_shortest(shortest, of_functions ? watched_[feature][p].value_or(Watched{}) : operations_watched_);
            if (!of_functions && line.perhaps_in.empty()) line.perhaps_in = hidden_.of_kind(pattern.kind);
        }
        line.watched = shortest.value_or(Watched{});
        line.state = line.uses > 0                  ? InventoryState::kUsed
                     : line.watched.spans().empty() ? InventoryState::kNotWatched
                     : line.perhaps_in.empty()      ? InventoryState::kUnused
                                                    : InventoryState::kUnclear;
        if (line.state != InventoryState::kUnclear) line.perhaps_in.clear();
    }

    const Features& features_;
    Watched operations_watched_;
    HiddenUses hidden_;
    FeatureUses found_;
    MergedOperations rows_;
    std::vector<std::vector<std::optional<Watched>>> watched_;  // of functions, by feature and pattern
    std::vector<std::set<std::string>> used_;                   // by feature
};

}  // namespace

FeatureUses compare_features(const Snapshot& snapshot, const Features& features) {
    return FeatureComparison(snapshot, features).take();
}

}  // namespace footfall
