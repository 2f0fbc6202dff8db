#include "agent/probes/function_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/ids.h"
#include "output/session/snapshot.pb.h"
#include "output/session/utf8.h"
#include "output/session/watched.h"

namespace footfall {
namespace {

void fill_exits(FunctionUse& out, const CodeFunction& function) {
    out.set_not_timed(std::string(text_of(function.not_timed)));
    out.set_exits(function.exits.size());
    out.set_emulated_exits(
        static_cast<std::uint64_t>(std::count_if(function.exits.begin(), function.exits.end(), [](const FunctionExit& exit) {
            return exit.site_class != SiteClass::kStepped;
        })));
}

void fill_function(FunctionUse& out, const CodeFunction& function, Timing timing) {
    out.set_kind("function");
    out.set_name(function.name);
    for (const std::string& alias : function.aliases) out.add_aliases(alias);
    out.set_address(function.address);
    if (function.no_site != NoSite::kNone) {
        out.set_not_counted(std::string(text_of(function.no_site)));
        return;
    }
    out.set_site(function.site.offset);
    out.set_instruction(function.site.instruction);
    out.set_emulated(function.site.site_class != SiteClass::kStepped);
    out.set_expected_nanos(expected_nanoseconds(function, timing));
    if (timing == Timing::kByExits) fill_exits(out, function);
}

void fill_probe(FunctionUse& out, const UsdtProbe& probe) {
    out.set_kind("usdt");
    out.set_name(probe.name);
    out.set_address(probe.address);
    if (probe.no_site != NoSite::kNone) {
        out.set_not_counted(std::string(text_of(probe.no_site)));
        return;
    }
    out.set_sites(probe.sites.size());
    out.set_instruction(probe.site.instruction);
    out.set_emulated(probe.site.site_class != SiteClass::kStepped);
    out.set_expected_nanos(expected_nanoseconds(probe.site.site_class));
}

Result<std::vector<std::uint64_t>> calls_of(const std::optional<FunctionProbe>& probe) {
    return probe ? probe->calls() : Result<std::vector<std::uint64_t>>(std::vector<std::uint64_t>());
}

Result<void> fill_durations(FunctionUse& out, const FunctionProbe& probe, std::size_t function) {
    const auto durations = probe.durations(static_cast<std::uint32_t>(function));
    if (!durations) return tl::unexpected<Error>(durations.error());
    out.set_left(durations->left);
    out.set_unmatched(durations->unmatched);
    out.set_not_returned(out.calls() - std::min(out.calls(), durations->histogram.count()));
    if (out.calls() == 0) return {};
    Histogram& histogram = *out.mutable_duration();
    durations->histogram.to_proto(histogram);
    histogram.set_sum(static_cast<double>(durations->sum_nanoseconds) / 1e9);
    histogram.set_max(static_cast<double>(durations->max_nanoseconds) / 1e9);
    return {};
}

Result<void> fill_functions(FunctionFile& out, const WatchedFile& file) {
    const FunctionAnswer& found = file.listed().found;
    const auto calls = calls_of(file.functions());
    if (!calls) return tl::unexpected<Error>(calls.error());
    for (std::size_t i = 0; i < found.functions.size(); ++i) {
        FunctionUse& use = *out.add_functions();
        fill_function(use, found.functions[i], found.timing);
        if (!file.functions() || !use.not_counted().empty()) continue;
        use.set_calls(calls->at(i));
        if (use.calls() == 0 && file.is_crowded(i))
            use.set_not_counted("processes that are not watched call it so often that its probe is there now and then only");
        use.set_hot(file.is_hot(i));
        if (found.timing == Timing::kNone || !use.not_timed().empty()) continue;
        if (auto filled = fill_durations(use, *file.functions(), i); !filled) return filled;
    }
    return {};
}

Result<void> fill_probes(FunctionFile& out, const WatchedFile& file) {
    const std::vector<UsdtProbe>& probes = file.listed().found.probes;
    const auto hits = calls_of(file.usdt());
    if (!hits) return tl::unexpected<Error>(hits.error());
    for (std::size_t i = 0; i < probes.size(); ++i) {
        FunctionUse& use = *out.add_functions();
        fill_probe(use, probes[i]);
        if (file.usdt() && use.not_counted().empty()) use.set_calls(hits->at(i));
    }
    return {};
}

std::string name_of(const FunctionPart& part, const CallsBy& by, CallerNames& callers) {
    switch (by.what) {
        case FunctionBy::kNothing:
            return {};
        case FunctionBy::kProcess:
            return fmt::format("{} ({})", part.comm, number(part.pid));
        case FunctionBy::kThread:
            return fmt::format("{} ({}/{})", part.comm, number(part.pid), part.who);
        case FunctionBy::kUser:
            return fmt::format("uid:{}", part.who);
        case FunctionBy::kCaller:
            return callers.name_of(part);
        case FunctionBy::kOperation:
            return {};
        case FunctionBy::kArgument:
            return to_utf8(argument_text(by.argument, part.who, part.text));
    }
    __builtin_unreachable();
}

// first: where the probe's functions stand in out.
void add_parts(FunctionFile& out, std::size_t first,
               const std::map<std::pair<std::uint32_t, std::string>, std::uint64_t>& calls) {
    for (const auto& [key, count] : calls) {
        FunctionPartUse& use = *out.mutable_functions(static_cast<int>(first + key.first))->add_parts();
        use.set_name(key.second);
        use.set_calls(count);
    }
}

Result<void> fill_parts(FunctionFile& out, const std::optional<FunctionProbe>& probe, std::size_t first, const CallsBy& by,
                        CallerNames& callers, const FunctionOperations& operations) {
    if (!probe) return {};
    std::map<std::pair<std::uint32_t, std::string>, std::uint64_t> calls;
    if (by.what == FunctionBy::kOperation) {
        for (const FunctionOperation& use : operations(probe->number())) calls[{use.function, use.operation}] += use.calls;
        add_parts(out, first, calls);
        return {};
    }
    const auto parts = probe->parts();
    if (!parts) return tl::unexpected<Error>(parts.error());
    for (const FunctionPart& part : *parts) calls[{part.function, name_of(part, by, callers)}] += part.calls;
    add_parts(out, first, calls);
    return {};
}

void fill_listed(FunctionFile& out, const ListedFile& listed) {
    out.set_path(listed.path);
    out.set_build_id(listed.build_id);
    if (listed.no_functions() != Miss::kNone) out.set_miss(std::string(text_of(listed.no_functions())));
    if (listed.no_sources != Miss::kNone) out.set_no_sources(why_no_sources(listed));
    out.set_known(listed.found.known);
    out.set_matched(listed.found.matched);
    out.set_timed(listed.found.timing != Timing::kNone);
    out.set_known_probes(listed.found.known_probes);
    out.set_matched_probes(listed.found.matched_probes);
    out.set_unread_notes(listed.found.unread_notes);
}

// As far as counters tell: between the start and the end of what was watched.
void tell_when_seen(FunctionFile& out) {
    const TimeSpan span = whole_span(out.watched());
    for (FunctionUse& use : *out.mutable_functions()) {
        if (use.calls() == 0) continue;
        use.set_first_seen_unix_nanos(span.start_unix_nanos());
        use.set_last_seen_unix_nanos(span.end_unix_nanos());
    }
}

}  // namespace

Result<void> report_uses(FunctionFile& out, const WatchedFile& file, const FunctionOptions& options, CallerNames& callers,
                         const FunctionOperations& operations) {
    fill_listed(out, file.listed());
    out.set_mapped_as(std::string(file.mapped_as()));
    out.set_coverage(options.coverage);
    if (auto filled = fill_functions(out, file); !filled) return filled;
    if (auto filled = fill_probes(out, file); !filled) return filled;
    if (options.by.what == FunctionBy::kNothing) return {};
    out.set_by(text_of(options.by));
    if (auto filled = fill_parts(out, file.functions(), 0, options.by, callers, operations); !filled) return filled;
    return fill_parts(out, file.usdt(), file.listed().found.functions.size(), options.by, callers, operations);
}

void report_times(FunctionFile& out, const WatchedFile& file, const ClockOffset& clock, MonotonicTime now,
                  std::uint64_t lost) {
    if (!file.since().seen()) return;
    out.set_watched_nanos(file.watched_nanoseconds(now));
    if (const auto late = file.late_nanoseconds()) out.set_late_nanos(*late);
    *out.mutable_watched() = watched_by_one(clock.wall(file.since()).nanoseconds, out.watched_nanos(), lost);
    tell_when_seen(out);
}

}  // namespace footfall
