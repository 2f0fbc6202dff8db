#include "agent/processes/candidates.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "agent/base/text.h"
#include "agent/processes/service_name.h"

namespace footfall {
namespace {

constexpr std::size_t kShown = 5;
constexpr std::size_t kMaxCompared = 4096;  // a word is compared with each, and hosts may have many processes

// Each name once with its lowest pid, the most similar first.
std::vector<Candidate> ranked(std::string_view word, const std::vector<Candidate>& candidates) {
    std::map<std::string, Pid> by_name;
    for (const Candidate& candidate : candidates)
        if (!candidate.name.empty() && by_name.size() < kMaxCompared)
            by_name.emplace(printable_name(candidate.name), candidate.pid);
    std::vector<std::tuple<std::size_t, std::string, Pid>> rows;
    rows.reserve(by_name.size());
    for (const auto& [name, pid] : by_name) rows.emplace_back(edit_distance(word, name), name, pid);
    std::sort(rows.begin(), rows.end());
    std::vector<Candidate> all;
    all.reserve(rows.size());
    for (const auto& [distance, name, pid] : rows) all.push_back({name, pid});
    return all;
}

std::string in_words(const std::vector<Candidate>& all) {
    std::string text;
    for (std::size_t i = 0; i < std::min(all.size(), kShown); ++i) {
        if (i > 0) text += ", ";
        text += all[i].name;
        if (all[i].pid != Pid{}) text += " (" + std::to_string(number(all[i].pid)) + ")";
    }
    if (all.size() > kShown) text += ", and " + std::to_string(all.size() - kShown) + " more";
    return text;
}

}  // namespace

Error candidates_error(const std::string& absence, std::string_view heading, std::string_view word,
                       const std::vector<Candidate>& candidates) {
    const auto all = ranked(printable_name(word), candidates);
    std::vector<std::string_view> names;
    names.reserve(all.size());
    for (const Candidate& candidate : all) names.push_back(candidate.name);
    const std::string_view meant = nearest(word, names);

    Error error{.what = absence, .fix = {}, .exit_code = ExitCode::kNoTarget};
    if (!all.empty()) error.what.append("; ").append(heading).append(": ").append(in_words(all));
    if (!meant.empty()) error.fix = "did you mean '" + std::string(meant) + "'?";
    return error;
}

}  // namespace footfall
