#include "output/session/merge_functions.h"

#include <algorithm>

#include "output/session/histogram_math.h"
#include "output/session/watched.h"

namespace footfall {
namespace {

void take_exits(FunctionUse& into, const FunctionUse& from) {
    into.set_exits(from.exits());
    into.set_emulated_exits(from.emulated_exits());
    into.set_not_timed(from.not_timed());
}

void take_site(FunctionUse& into, const FunctionUse& from) {
    into.clear_not_counted();
    into.set_site(from.site());
    into.set_instruction(from.instruction());
    into.set_emulated(from.emulated());
    into.set_expected_nanos(from.expected_nanos());
    take_exits(into, from);
}

void add_parts(FunctionUse& into, const FunctionUse& from) {
    for (const FunctionPartUse& part : from.parts()) {
        const auto known = std::find_if(into.mutable_parts()->begin(), into.mutable_parts()->end(),
                                        [&](const FunctionPartUse& own) { return own.name() == part.name(); });
        if (known == into.mutable_parts()->end()) {
            *into.add_parts() = part;
        } else {
            known->set_calls(known->calls() + part.calls());
        }
    }
}

void add_use(FunctionUse& into, const FunctionUse& from) {
    if (!from.not_counted().empty()) return;
    if (!into.not_counted().empty()) take_site(into, from);
    if (into.exits() == 0 && into.not_timed().empty()) take_exits(into, from);
    into.set_calls(into.calls() + from.calls());
    into.set_hot(into.hot() || from.hot());
    into.set_not_returned(into.not_returned() + from.not_returned());
    into.set_left(into.left() + from.left());
    into.set_unmatched(into.unmatched() + from.unmatched());
    add_parts(into, from);
    into.set_not_told_apart(into.not_told_apart() + from.not_told_apart());
    into.set_self_nanos(into.self_nanos() + from.self_nanos());
    into.set_total_nanos(into.total_nanos() + from.total_nanos());
    if (from.has_duration()) merge(*into.mutable_duration(), from.duration());
    if (from.first_seen_unix_nanos() == 0) return;
    const std::int64_t first = into.first_seen_unix_nanos();
    into.set_first_seen_unix_nanos(first == 0 ? from.first_seen_unix_nanos()
                                              : std::min(first, from.first_seen_unix_nanos()));
    into.set_last_seen_unix_nanos(std::max(into.last_seen_unix_nanos(), from.last_seen_unix_nanos()));
}

}  // namespace

MergedFunctions::File& MergedFunctions::file_of(const FunctionFile& file) {
    if (!file.build_id().empty()) {
        const auto [known, first] = by_build_id_.try_emplace(file.build_id(), files_.size());
        if (!first) {
            add_facts(files_[known->second].facts, file);
            return files_[known->second];
        }
    }
    File& added = files_.emplace_back();
    added.facts = file;
    added.facts.clear_functions();
    added.facts.clear_watched();
    return added;
}

void MergedFunctions::add_facts(FunctionFile& into, const FunctionFile& from) {
    if (from.miss().empty()) into.clear_miss();
    if (into.not_timed().empty()) into.set_not_timed(from.not_timed());
    if (into.mapped_as().empty()) into.set_mapped_as(from.mapped_as());
    into.set_late_nanos(std::max(into.late_nanos(), from.late_nanos()));
    if (into.no_sources().empty()) into.set_no_sources(from.no_sources());
    if (into.by().empty()) into.set_by(from.by());
    into.set_known(std::max(into.known(), from.known()));
    into.set_matched(std::max(into.matched(), from.matched()));
    into.set_timed(into.timed() || from.timed());
    into.set_coverage(into.coverage() || from.coverage());
}

void MergedFunctions::add_part(File& into, std::size_t session, Watched watched) {
    if (!into.parts.empty() && into.last_session == session) {  // a copy of the file: the same session and losses
        watched.clear_sessions();
        watched.clear_lost();
    }
    into.last_session = session;
    add_watched(*into.facts.mutable_watched(), watched);
    into.parts.push_back(std::move(watched));
}

void MergedFunctions::add(std::size_t session, const FunctionFile& file) {
    File& into = file_of(file);
    const bool counted = !file.watched().spans().empty();
    if (counted) add_part(into, session, file.watched());
    const bool same_parts = file.by() == into.facts.by();  // else they are beside what another session told apart
    for (FunctionUse use : file.functions()) {
        if (!same_parts) {
            use.clear_parts();
            use.set_not_told_apart(use.calls());
        }
        const auto [known, first] =
            into.functions.try_emplace({use.address(), use.kind() == "usdt" ? use.name() : std::string()});
        Function& function = known->second;
        if (first) {
            function.use = use;
        } else {
            add_use(function.use, use);
        }
        if (counted && use.not_counted().empty()) function.counted_in.push_back(into.parts.size() - 1);
    }
}

void MergedFunctions::fill(Snapshot& out) const {
    for (const File& file : files_) fill_file(*out.add_function_files(), file);
}

void MergedFunctions::fill_file(FunctionFile& out, const File& file) {
    out = file.facts;
    out.set_watched_nanos(watched_nanos(out.watched()));
    std::map<std::vector<std::size_t>, Watched> watched_in;  // few: one for each choice of patterns
    const auto watched = [&](const std::vector<std::size_t>& parts) {
        const auto [known, first] = watched_in.try_emplace(parts);
        if (!first) return known->second;
        for (const std::size_t part : parts) add_watched(known->second, file.parts[part]);
        return known->second;
    };
    for (const auto& [key, function] : file.functions) {
        const bool counted = !function.counted_in.empty();
        if (!counted && function.use.not_counted().empty() && !file.parts.empty()) continue;  // was only listed
        FunctionUse& use = *out.add_functions();
        use = function.use;
        if (counted && function.counted_in.size() < file.parts.size()) *use.mutable_watched() = watched(function.counted_in);
    }
    out.set_matched(std::max<std::uint64_t>(out.matched(), static_cast<std::uint64_t>(out.functions_size())));
}

}  // namespace footfall
