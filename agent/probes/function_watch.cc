#include "agent/probes/function_watch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "agent/base/text.h"
#include "agent/probes/library_folders.h"
#include "agent/stacks/open_mapped.h"
#include "output/session/snapshot.pb.h"
#include "output/session/watched.h"
#include "symbolizer/functions/nearest_names.h"
#include "symbolizer/worker/debug_files.h"

namespace footfall {
namespace {

// Looking at the counts of all functions costs a processor a millisecond: often while many are seen, seldom once few are.
constexpr std::uint64_t kShortestLookInterval = 50'000'000;
constexpr std::uint64_t kLongestLookInterval = 2 * std::uint64_t{kNanosecondsPerSecond};
constexpr std::uint64_t kCallersInterval = 100'000'000;
constexpr std::uint64_t kCostInterval = 200'000'000;
constexpr std::uint64_t kPutOnInterval = 300 * std::uint64_t{kNanosecondsPerSecond};
constexpr std::size_t kMostRemembered = 65'536;

// As it is given, where it can't be told.
std::string absolute(const std::string& path) {
    std::error_code error;
    const std::filesystem::path whole = std::filesystem::absolute(path, error);
    return error ? path : whole.lexically_normal().string();
}

std::vector<std::string>& patterns_of(FunctionQuery& query, PickedBy by) {
    switch (by) {
        case PickedBy::kGlob:
            return query.globs;
        case PickedBy::kRegex:
            return query.regexes;
        case PickedBy::kSource:
            return query.sources;
    }
    __builtin_unreachable();
}

bool is_unwinder(const std::string& path) {
    const std::string_view name = file_name_of(path);
    return name.starts_with("libstdc++") || name.starts_with("libc++") || name.starts_with("libgcc_s") ||
           name.starts_with("libunwind");
}

bool has_unwinder(const ExecutableMaps& maps) {
    return std::any_of(maps.mappings.begin(), maps.mappings.end(),
                       [](const ExecutableMapping& mapping) { return is_unwinder(mapping.path); });
}

// Of a file without debug information of its own: what became of the search for its debug file.
std::string why_no_sources(Miss miss) {
    constexpr std::string_view kHelp =
        "; its debug symbols (package NAME-dbgsym or NAME-debuginfo), or compiling it with -g, would tell";
    if (miss == Miss::kNoSuchFile || miss == Miss::kStripped)
        return "it has no debug information, and there is no debug file" + std::string(kHelp);
    return std::string(text_of(miss)) + std::string(kHelp);
}

// Of the exits, the most costly.
unsigned end_nanoseconds(const CodeFunction& function, Timing timing) {
    if (timing == Timing::kByReturn) return kReturnNanoseconds;
    unsigned most = 0;
    for (const FunctionExit& exit : function.exits) most = std::max(most, expected_nanoseconds(exit.site_class));
    return most;
}

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
    out.set_expected_nanos(expected_nanoseconds(function.site.site_class) + end_nanoseconds(function, timing));
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

// Where calls of the functions are counted, and timed.
std::vector<UprobePlace> places_of(const FunctionAnswer& found) {
    if (found.timing == Timing::kByExits) return edges_of(found.functions);
    std::vector<UprobePlace> places;
    for (std::size_t i = 0; i < found.functions.size(); ++i) {
        const CodeFunction& function = found.functions[i];
        if (function.no_site == NoSite::kNone) places.push_back({function.file_offset, i});
    }
    return places;
}

Result<std::vector<std::uint64_t>> calls_of(const std::optional<FunctionProbe>& probe) {
    return probe ? probe->calls() : Result<std::vector<std::uint64_t>>(std::vector<std::uint64_t>());
}

void fill_durations(Histogram& out, const FunctionDurations& durations) {
    durations.histogram.to_proto(out);
    out.set_sum(static_cast<double>(durations.sum_nanoseconds) / 1e9);
    out.set_max(static_cast<double>(durations.max_nanoseconds) / 1e9);
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

std::optional<FunctionQuery> FunctionWatch::query_for(const std::string& path, bool is_program) const {
    FunctionQuery query{
        .globs = {}, .most = options_.most, .timed = options_.timed, .by_caller = options_.by == FunctionBy::kCaller};
    bool is_meant = false;
    for (const FunctionPattern& pattern : options_.patterns) {
        const bool meant = pattern.file.empty() ? is_program
                           : pattern.is_path()  ? pattern.file == path
                                                : glob_match(pattern.file, file_name_of(path));
        if (!meant) continue;
        is_meant = true;
        patterns_of(query, pattern.by).push_back(pattern.glob);
    }
    return is_meant ? std::optional(std::move(query)) : std::nullopt;
}

Result<void> FunctionWatch::look(Pid pid, MonotonicTime begun) {
    const auto maps = maps_of(pid);
    if (!maps) return {};
    if (options_.by == FunctionBy::kCaller) callers_.remember(pid, *maps);
    const std::uint64_t program = program_inode(pid);
    const bool unwound = has_unwinder(*maps);
    for (const ExecutableMapping& mapping : maps->mappings) {
        if (auto seen = meet(pid, mapping, {.mapped = begun, .is_program = mapping.inode == program}, unwound); !seen)
            return seen;
    }
    return {};
}

// Of a process that is gone by now nobody knows whether it had what throws.
Result<void> FunctionWatch::on(const CodeRecord& record) {
    if (const auto* begun = std::get_if<ProgramBegun>(&record)) {
        if (begun_.size() >= kMostRemembered) begun_.clear();
        begun_.insert(begun->pid);
        return {};
    }
    const auto& mapped = std::get<CodeMapped>(record);
    const bool is_program = begun_.erase(mapped.pid) > 0;  // the kernel maps it first
    const bool is_known = known_.contains(id_of(mapped.mapping));
    if (mapped.mapping.inode == 0 || (!is_known && !query_for(mapped.mapping.path, is_program))) return {};
    if (is_known && options_.by != FunctionBy::kCaller)
        return meet(mapped.pid, mapped.mapping, {.is_program = is_program}, false);
    const auto maps = maps_of(mapped.pid);
    if (maps && options_.by == FunctionBy::kCaller) callers_.remember(mapped.pid, *maps);
    return meet(mapped.pid, mapped.mapping, {.mapped = mapped.time, .is_program = is_program}, !maps || has_unwinder(*maps));
}

Result<void> FunctionWatch::meet(Pid pid, const ExecutableMapping& mapping, Meeting meeting, bool unwound) {
    if (mapping.inode == 0) return {};
    if (mapped_names_.size() < kMostRemembered) mapped_names_.emplace(file_name_of(mapping.path));
    const FileId id = id_of(mapping);
    if (!known_.contains(id)) {
        const auto query = query_for(mapping.path, meeting.is_program);
        if (!query) return {};
        const Place place{mapping.path, fmt::format("/proc/{}/root", number(pid)), meeting.mapped};
        if (auto seen = examine(id, open_mapped(pid, mapping), place, *query, unwound); !seen) return seen;
    }
    File& file = files_[known_.at(id)];
    file.is_mapped = true;
    file.is_program |= meeting.is_program;
    return {};
}

Result<void> FunctionWatch::look_at_program(const std::string& path) { return look_at_file(path, true); }

Result<void> FunctionWatch::look_at_paths() {
    for (const FunctionPattern& pattern : options_.patterns) {
        if (!pattern.is_path()) continue;
        if (access(pattern.file.c_str(), R_OK) != 0) return system_failure("cannot read " + pattern.file, errno);
        if (auto seen = look_at_file(pattern.file, false); !seen) return seen;
    }
    return {};
}

Result<void> FunctionWatch::look_at_libraries() {
    for (const char* directory : kLibraryFolders) {
        std::error_code error;
        for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
            const std::string path = entry.path();
            if (!means_library(path) || !entry.is_regular_file(error)) continue;
            if (auto seen = look_at_file(path, false); !seen) return seen;
        }
    }
    return {};
}

Result<void> FunctionWatch::look_at_file(const std::string& path, bool is_program) {
    struct stat status {};
    const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.valid() || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
    const auto query = query_for(path, is_program);
    const FileId id = id_of(status);
    if (!query || known_.contains(id)) return {};
    return examine(id, file, {path, "/", {}}, *query, false);
}

Result<void> FunctionWatch::examine(const FileId& id, const Fd& file, const Place& place, FunctionQuery query,
                                    bool unwound) {
    query.unwound = unwound;
    known_[id] = files_.size();
    File& known = files_.emplace_back();
    known.path = place.path;
    known.mapped = place.mapped;
    if (!file.valid()) {
        known.miss = Miss::kNoSuchFile;
        return {};
    }
    list(known, file, place, query);
    if (known.miss != Miss::kNone) return {};
    return options_.attach ? attach(known, file) : Result<void>();
}

// Names and source files that the file itself lacks may be in its separate debug file.
void FunctionWatch::list(File& file, const Fd& opened, const Place& place, const FunctionQuery& query) {
    const auto description = symbolizer_.describe(opened.get());
    DebugFiles debug;
    if (description) {
        file.build_id = description->build_id;
        const bool is_enough = description->has_symbols && (query.sources.empty() || description->has_dwarf);
        if (!is_enough) debug = find_debug_files(symbolizer_, place.root, absolute(place.path), *description);
    }
    auto found = symbolizer_.functions({opened.get(), debug.debug.get(), debug.alt.get()}, query);
    if (!found) {
        file.miss = found.error();
        return;
    }
    file.found = *std::move(found);
    if (file.found.no_sources) file.no_sources = debug.debug.valid() ? Miss::kStripped : debug.miss;
}

Result<void> FunctionWatch::attach(File& file, const Fd& opened) {
    std::vector<UprobePlace> places = places_of(file.found);
    if (!places.empty()) {
        auto probe = attached(opened, places, file.found.functions.size(),
                              {.timing = file.found.timing, .in_batches = changes(), .by = options_.by});
        if (!probe) return tl::unexpected<Error>(probe.error());
        file.probe = *std::move(probe);
        if (changes()) file.opened = Fd(fcntl(opened.get(), F_DUPFD_CLOEXEC, 0));
        file.hot.assign(file.found.functions.size(), false);
    }
    places.clear();
    for (std::size_t i = 0; i < file.found.probes.size(); ++i) {
        for (const UsdtSite& site : file.found.probes[i].sites)
            places.push_back({site.file_offset, i, site.semaphore_offset});
    }
    if (!places.empty()) {
        // Its sites lie anywhere in functions, where nothing tells who called those.
        const FunctionBy by = options_.by == FunctionBy::kCaller ? FunctionBy::kNothing : options_.by;
        auto probe = attached(opened, places, file.found.probes.size(), {.by = by});
        if (!probe) return tl::unexpected<Error>(probe.error());
        file.usdt = *std::move(probe);
    }
    if (file.probe || file.usdt) file.since = monotonic_now();
    return {};
}

Result<FunctionProbe> FunctionWatch::attached(const Fd& opened, std::span<const UprobePlace> places, std::size_t numbers,
                                              How how) {
    auto probe = loaded(numbers, how);
    if (!probe) return probe;
    const auto done = probe->attach(opened.get(), places, how.in_batches);
    if (!done) return tl::unexpected<Error>(done.error());
    return probe;
}

Result<FunctionProbe> FunctionWatch::loaded(std::size_t numbers, How how) {
    const bool is_as_spare = how.timing == spare_timing() && how.by == options_.by && numbers <= spare_functions();
    if (!spare_ || !is_as_spare)
        return FunctionProbe::load(who_, shared_, static_cast<std::uint32_t>(numbers), how.timing, how.by);
    FunctionProbe probe = *std::move(spare_);
    spare_.reset();
    return probe;
}

// Durations take 2 KB a function and processor.
std::size_t FunctionWatch::spare_functions() const { return options_.timed ? 256 : 4096; }

// Most processes that load libraries later have something that throws.
Timing FunctionWatch::spare_timing() const { return options_.timed ? Timing::kByExits : Timing::kNone; }

// Where that is refused, attaching will say so.
void FunctionWatch::prepare() {
    const bool names_libraries = std::any_of(options_.patterns.begin(), options_.patterns.end(), [](const auto& pattern) {
        return !pattern.file.empty() && !pattern.is_path();
    });
    if (!names_libraries || !options_.attach || spare_ || no_spare_) return;
    const Fd self(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    if (self.valid() && symbolizer_.worker_pid() < 0) (void)symbolizer_.describe(self.get());
    auto probe =
        FunctionProbe::load(who_, shared_, static_cast<std::uint32_t>(spare_functions()), spare_timing(), options_.by);
    no_spare_ = !probe;
    if (probe) spare_ = *std::move(probe);
}

// Processes that call for the first time: what they map is remembered before they are gone.
Result<void> FunctionWatch::remember_callers(MonotonicTime now) {
    if (options_.by != FunctionBy::kCaller || elapsed(last_callers_, now) < kCallersInterval) return {};
    last_callers_ = now;
    for (const File& file : files_) {
        if (!file.probe || file.until.seen()) continue;
        const auto parts = file.probe->parts();
        if (!parts) return tl::unexpected<Error>(parts.error());
        for (const FunctionPart& part : *parts) {
            if (remembered_.size() < kMostRemembered && remembered_.insert(part.pid).second) callers_.remember(part.pid);
        }
    }
    return {};
}

Result<void> FunctionWatch::advance(MonotonicTime now) {
    prepare();
    if (auto remembered = remember_callers(now); !remembered) return remembered;
    if (options_.coverage) return cover(now);
    return options_.budget > 0 ? keep_to_budget(now) : Result<void>();
}

Result<void> FunctionWatch::cover(MonotonicTime now) {
    if (elapsed(last_look_, now) < look_interval_) return {};
    last_look_ = now;
    if (!last_put_on_.seen()) last_put_on_ = now;
    const bool again = elapsed(last_put_on_, now) >= kPutOnInterval;
    if (again) last_put_on_ = now;
    std::size_t changed = again ? 1 : 0;
    for (File& file : files_) {
        if (!file.probe || file.until.seen()) continue;
        const auto calls = file.probe->calls();
        if (!calls) return tl::unexpected<Error>(calls.error());
        if (again) {
            if (auto put_on = file.probe->put_on(file.opened.get(), *calls); !put_on) return put_on;
            continue;
        }
        const auto taken = file.probe->take_off_called(file.opened.get(), *calls);
        if (!taken) return tl::unexpected<Error>(taken.error());
        changed += *taken;
    }
    look_interval_ = changed > 0 ? kShortestLookInterval
                                 : std::min(std::max(2 * look_interval_, kShortestLookInterval), kLongestLookInterval);
    return {};
}

double FunctionWatch::nanoseconds_of(const File& file, std::size_t function) {
    const CodeFunction& picked = file.found.functions[function];
    return expected_nanoseconds(picked.site.site_class) + end_nanoseconds(picked, file.found.timing);
}

Result<void> FunctionWatch::keep_to_budget(MonotonicTime now) {
    if (!last_cost_look_.seen()) last_cost_look_ = now;
    const std::uint64_t passed = elapsed(last_cost_look_, now);
    if (passed < kCostInterval) return {};
    last_cost_look_ = now;
    struct Cost {
        File* file;
        std::size_t function;
        double nanoseconds;
    };
    std::vector<Cost> costs;
    double sum = 0;
    for (File& file : files_) {
        if (!file.probe || file.until.seen()) continue;
        auto calls = file.probe->calls();
        if (!calls) return tl::unexpected<Error>(calls.error());
        file.calls_before.resize(calls->size());
        for (std::size_t i = 0; i < file.hot.size(); ++i) {
            const std::uint64_t came = (*calls)[i] - file.calls_before[i];
            if (came == 0 || file.hot[i]) continue;
            costs.push_back({&file, i, static_cast<double>(came) * nanoseconds_of(file, i)});
            sum += costs.back().nanoseconds;
        }
        file.calls_before = *std::move(calls);
    }
    const double most = options_.budget * static_cast<double>(passed);
    if (sum <= most) return {};
    std::sort(costs.begin(), costs.end(), [](const Cost& a, const Cost& b) { return a.nanoseconds > b.nanoseconds; });
    std::set<File*> changed;
    for (const Cost& cost : costs) {
        if (sum <= most) break;
        sum -= cost.nanoseconds;
        cost.file->hot[cost.function] = true;
        changed.insert(cost.file);
    }
    for (File* file : changed) {
        if (auto taken = file->probe->take_off(file->opened.get(), file->hot); !taken) return taken;
    }
    return {};
}

void FunctionWatch::detach(MonotonicTime now) {
    for (File& file : files_) {
        if (!file.since.seen() || file.until.seen()) continue;
        if (file.probe) file.probe->detach();
        if (file.usdt) file.usdt->detach();
        file.until = now;
    }
}

bool FunctionWatch::found_any() const {
    return std::any_of(files_.begin(), files_.end(),
                       [](const File& file) { return file.found.matched + file.found.matched_probes > 0; });
}

std::vector<std::string> FunctionWatch::nearest() const {
    std::vector<std::string> names;
    for (const File& file : files_) {
        for (const std::string& name : file.found.nearest)
            names.push_back(std::string(file_name_of(file.path)) + "!" + name);
    }
    return names;
}

std::vector<std::string> FunctionWatch::files_not_met() const {
    std::vector<std::string> globs;
    for (const FunctionPattern& pattern : options_.patterns) {
        const bool is_met = pattern.file.empty() || pattern.is_path() ||
                            std::any_of(files_.begin(), files_.end(),
                                        [&](const File& file) { return glob_match(pattern.file, file_name_of(file.path)); });
        if (!is_met) globs.push_back(pattern.file);
    }
    return globs;
}

std::vector<std::string> FunctionWatch::nearest_files(const std::string& glob) const {
    NearestNames nearest;
    nearest.want(without_wildcards(glob));
    for (const std::string& name : mapped_names_) nearest.offer(name, name);
    std::vector<std::string> names;
    nearest.append_to(names);
    return names;
}

std::vector<std::string> FunctionWatch::not_read() const {
    std::vector<std::string> files;
    for (const File& file : files_) {
        const Miss miss = file.miss != Miss::kNone ? file.miss : file.found.no_functions;
        if (miss != Miss::kNone) files.push_back(file.path + ": " + std::string(text_of(miss)));
    }
    return files;
}

std::vector<std::string> FunctionWatch::without_sources() const {
    std::vector<std::string> files;
    for (const File& file : files_) {
        if (file.no_sources != Miss::kNone) files.push_back(file.path + ": " + why_no_sources(file.no_sources));
    }
    return files;
}

Result<void> FunctionWatch::fill(Snapshot& snapshot, const ClockOffset& clock, MonotonicTime now) const {
    for (const File& file : files_) {
        FunctionFile& out = *snapshot.add_function_files();
        if (auto filled = fill_file(out, file); !filled) return filled;
        if (!file.since.seen()) continue;
        out.set_watched_nanos(elapsed(file.since, file.until.seen() ? file.until : now));
        if (file.mapped.seen()) out.set_late_nanos(elapsed(file.mapped, file.since));
        *out.mutable_watched() =
            watched_by_one(clock.wall(file.since).nanoseconds, out.watched_nanos(), lost_events(snapshot.accounting()));
        tell_when_seen(out);
    }
    return {};
}

Result<void> FunctionWatch::fill_file(FunctionFile& out, const File& file) const {
    out.set_path(file.path);
    out.set_build_id(file.build_id);
    const Miss miss = file.miss != Miss::kNone ? file.miss : file.found.no_functions;
    if (miss != Miss::kNone) out.set_miss(std::string(text_of(miss)));
    if (file.is_mapped) out.set_mapped_as(file.is_program ? "program" : "library");
    if (file.no_sources != Miss::kNone) out.set_no_sources(why_no_sources(file.no_sources));
    out.set_known(file.found.known);
    out.set_matched(file.found.matched);
    out.set_timed(file.found.timing != Timing::kNone);
    out.set_coverage(options_.coverage);
    out.set_known_probes(file.found.known_probes);
    out.set_matched_probes(file.found.matched_probes);
    out.set_unread_notes(file.found.unread_notes);
    if (auto filled = fill_functions(out, file); !filled) return filled;
    if (auto filled = fill_probes(out, file); !filled) return filled;
    if (options_.by == FunctionBy::kNothing) return {};
    out.set_by(std::string(text_of(options_.by)));
    if (auto filled = fill_parts(out, file.probe, 0); !filled) return filled;
    return fill_parts(out, file.usdt, file.found.functions.size());
}

// first: where the probe's functions stand in out.
Result<void> FunctionWatch::fill_parts(FunctionFile& out, const std::optional<FunctionProbe>& probe,
                                       std::size_t first) const {
    if (!probe) return {};
    const auto parts = probe->parts();
    if (!parts) return tl::unexpected<Error>(parts.error());
    std::map<std::pair<std::size_t, std::string>, std::uint64_t> calls;
    for (const FunctionPart& part : *parts) calls[{first + part.function, name_of(part)}] += part.calls;
    for (const auto& [key, count] : calls) {
        FunctionPartUse& use = *out.mutable_functions(static_cast<int>(key.first))->add_parts();
        use.set_name(key.second);
        use.set_calls(count);
    }
    return {};
}

std::string FunctionWatch::name_of(const FunctionPart& part) const {
    switch (options_.by) {
        case FunctionBy::kNothing:
            return {};
        case FunctionBy::kProcess:
            return fmt::format("{} ({})", part.comm, number(part.pid));
        case FunctionBy::kThread:
            return fmt::format("{} ({}/{})", part.comm, number(part.pid), part.who);
        case FunctionBy::kUser:
            return fmt::format("uid:{}", part.who);
        case FunctionBy::kCaller:
            return callers_.name_of(part);
    }
    __builtin_unreachable();
}

Result<void> FunctionWatch::fill_functions(FunctionFile& out, const File& file) const {
    auto calls = calls_of(file.probe);
    if (!calls) return tl::unexpected<Error>(calls.error());
    for (std::size_t i = 0; i < file.found.functions.size(); ++i) {
        FunctionUse& use = *out.add_functions();
        fill_function(use, file.found.functions[i], file.found.timing);
        if (!file.probe || !use.not_counted().empty()) continue;
        use.set_calls(calls->at(i));
        use.set_hot(file.hot[i]);
        if (file.found.timing == Timing::kNone || !use.not_timed().empty()) continue;
        const auto durations = file.probe->durations(static_cast<std::uint32_t>(i));
        if (!durations) return tl::unexpected<Error>(durations.error());
        use.set_left(durations->left);
        use.set_unmatched(durations->unmatched);
        use.set_not_returned(use.calls() - std::min(use.calls(), durations->histogram.count()));
        if (use.calls() > 0) fill_durations(*use.mutable_duration(), *durations);
    }
    return {};
}

Result<void> FunctionWatch::fill_probes(FunctionFile& out, const File& file) {
    auto hits = calls_of(file.usdt);
    if (!hits) return tl::unexpected<Error>(hits.error());
    for (std::size_t i = 0; i < file.found.probes.size(); ++i) {
        FunctionUse& use = *out.add_functions();
        fill_probe(use, file.found.probes[i]);
        if (file.usdt && use.not_counted().empty()) use.set_calls(hits->at(i));
    }
    return {};
}

}  // namespace footfall
