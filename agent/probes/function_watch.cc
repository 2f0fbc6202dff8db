#include "agent/probes/function_watch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <variant>

#include "agent/base/text.h"
#include "agent/probes/function_report.h"
#include "agent/probes/library_folders.h"
#include "agent/processes/proc_fs.h"
#include "agent/stacks/open_mapped.h"
#include "output/session/snapshot.pb.h"
#include "output/session/watched.h"
#include "symbolizer/functions/nearest_names.h"

namespace footfall {
namespace {

constexpr std::uint64_t kCallersInterval = 100'000'000;
constexpr std::size_t kMostRemembered = 65'536;

bool is_unwinder(const ExecutableMapping& mapping) {
    const std::string_view name = file_name_of(mapping.path);
    return name.starts_with("libstdc++") || name.starts_with("libc++") || name.starts_with("libgcc_s") ||
           name.starts_with("libunwind");
}

bool has_unwinder(const ExecutableMaps& maps) {
    return std::any_of(maps.mappings.begin(), maps.mappings.end(), is_unwinder);
}

// "*!f" is asked of what is loaded: of all that could be, it would take minutes.
FunctionOptions without_any_library(FunctionOptions options) {
    std::erase_if(options.patterns, [](const FunctionPattern& pattern) { return pattern.file == "*"; });
    return options;
}

void start_worker(SymbolizerClient& symbolizer) {
    const Fd self(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    if (self.valid() && symbolizer.worker_pid() < 0) (void)symbolizer.describe(self.get());
}

}  // namespace

Result<void> FunctionWatch::look(Pid pid, MonotonicTime begun) {
    const auto maps = maps_of(pid);
    if (!maps) return {};
    if (options_.by.what == FunctionBy::kCaller) callers_.remember(pid, *maps);
    const std::uint64_t program = program_inode(pid);
    const bool unwound = has_unwinder(*maps);
    for (const ExecutableMapping& mapping : maps->mappings) {
        const Meeting meeting{.mapped = begun, .is_program = mapping.inode == program, .unwound = unwound};
        if (auto seen = meet(pid, mapping, meeting); !seen) return seen;
    }
    return {};
}

Result<void> FunctionWatch::on(const CodeRecord& record) {
    if (const auto* mapped = std::get_if<CodeMapped>(&record)) return on_mapped(*mapped);
    on_begun(std::get<ProgramBegun>(record).pid);
    return {};
}

void FunctionWatch::on_begun(Pid pid) {
    if (begun_.size() >= kMostRemembered) begun_.clear();
    begun_.insert(pid);
}

// Of a process that is gone by now nobody knows whether it had what throws.
Result<void> FunctionWatch::on_mapped(const CodeMapped& mapped) {
    const ExecutableMapping& mapping = mapped.mapping;
    const bool is_program = begun_.erase(mapped.pid) > 0;  // the kernel maps it first
    const bool is_known = known_.contains(id_of(mapping));
    if (mapping.inode == 0 || (!is_known && !query_for(options_, mapping.path, is_program))) return {};
    const bool by_caller = options_.by.what == FunctionBy::kCaller;
    if (is_known && !by_caller) return meet(mapped.pid, mapping, {.is_program = is_program});
    const auto maps = maps_of(mapped.pid);
    if (maps && by_caller) callers_.remember(mapped.pid, *maps);
    const bool unwound = !maps || has_unwinder(*maps);
    return meet(mapped.pid, mapping, {.mapped = mapped.time, .is_program = is_program, .unwound = unwound});
}

Result<void> FunctionWatch::meet(Pid pid, const ExecutableMapping& mapping, Meeting meeting) {
    if (mapping.inode == 0) return {};
    if (mapped_names_.size() < kMostRemembered) mapped_names_.emplace(file_name_of(mapping.path));
    const FileId id = id_of(mapping);
    if (!known_.contains(id)) {
        auto query = query_for(options_, mapping.path, meeting.is_program);
        if (!query) return {};
        query->unwound = meeting.unwound;
        const Place place{mapping.path, fmt::format("/proc/{}/root", number(pid)), meeting.mapped};
        if (auto seen = examine(id, open_mapped(pid, mapping), place, *query); !seen) return seen;
    }
    return files_[known_.at(id)].on_mapped(pid, meeting.is_program);
}

// None: all that map the file.
std::vector<Pid> FunctionWatch::probed_processes() {
    const bool are_few = !processes_.empty() && processes_.size() <= ProbedProcesses::kMost;
    const auto is_headless = [](Pid pid) { return ProcFs().is_headless(pid); };  // WatchedFile::heed_headless()
    if (!options_.coverage || !are_few || std::any_of(processes_.begin(), processes_.end(), is_headless) ||
        !probes_.filters_processes())
        return {};
    probes_some_ = true;
    return processes_;
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
    const FunctionOptions named = without_any_library(options_);
    const auto names_library = [&](const std::string& path) { return query_for(named, path, false).has_value(); };
    for (const char* directory : kLibraryFolders) {
        std::error_code error;
        for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
            const std::string path = entry.path();
            if (!names_library(path) || !entry.is_regular_file(error)) continue;
            if (auto seen = look_at_file(path, false); !seen) return seen;
        }
    }
    return {};
}

Result<void> FunctionWatch::look_at_file(const std::string& path, bool is_program) {
    struct stat status {};
    const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.valid() || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
    const auto query = query_for(options_, path, is_program);
    const FileId id = id_of(status);
    if (!query || known_.contains(id)) return {};
    return examine(id, file, {path, "/", {}}, *query);
}

Result<void> FunctionWatch::examine(const FileId& id, const Fd& opened, const Place& place, const FunctionQuery& query) {
    known_[id] = files_.size();
    WatchedFile& file = files_.emplace_back(list_file(symbolizer_, opened, place.root, place.path, query), place.mapped);
    const bool is_listed = file.listed().miss == Miss::kNone;
    if (!is_listed || !options_.attach) return {};
    if (auto attached = file.attach(opened, probes_, options_, probed_processes()); !attached) return attached;
    file.set_stacks_apart(stacks_apart_);
    return {};
}

void FunctionWatch::prepare() {
    if (!options_.attach || !options_.names_libraries() || !probes_.lacks_spare()) return;
    start_worker(symbolizer_);
    probes_.load_spare();
}

Result<void> FunctionWatch::advance(MonotonicTime now) {
    prepare();
    if (auto remembered = remember_callers(now); !remembered) return remembered;
    if (auto followed = follow_processes(); !followed) return followed;
    if (options_.coverage) return coverage_.advance(files_, now);
    return options_.budget > 0 ? budget_.advance(files_, now) : Result<void>();
}

void FunctionWatch::set_stacks_apart(std::uint32_t nanoseconds) {
    const std::uint32_t apart = std::max(nanoseconds, kLeastApart);
    if (std::exchange(stacks_apart_, apart) == apart) return;
    for (WatchedFile& file : files_) file.set_stacks_apart(apart);
}

std::string_view FunctionWatch::name_of(CalledFunction called) const {
    for (const WatchedFile& file : files_) {
        if (const std::string_view name = file.name_of(called); !name.empty()) return name;
    }
    return {};
}

Result<std::vector<std::uint64_t>> FunctionWatch::calls_of(std::uint32_t probe) const {
    std::vector<std::uint64_t> none;
    if (options_.takes_off()) return none;
    for (const WatchedFile& file : files_) {
        auto calls = file.calls_of(probe);
        if (!calls || !calls->empty()) return calls;
    }
    return none;
}

void FunctionWatch::on_forked(Pid parent, Pid child) {
    if (probes_some_ && came_and_went_.size() < kMostRemembered) came_and_went_.emplace_back(parent, child);
}

void FunctionWatch::on_exited(Pid pid) {
    if (probes_some_ && came_and_went_.size() < kMostRemembered) came_and_went_.emplace_back(pid, std::nullopt);
}

Result<void> FunctionWatch::follow_processes() {
    for (const auto& [pid, child] : std::exchange(came_and_went_, {})) {
        const bool is_alive = child && ProcFs().is_running(*child);
        for (WatchedFile& file : files_) {
            if (!child) file.on_exited(pid);
            auto followed = child ? file.on_forked(pid, *child, is_alive) : Result<void>();
            if (!followed) return followed;
        }
    }
    return {};
}

// Processes that call for the first time: what they map is remembered before they are gone.
Result<void> FunctionWatch::remember_callers(MonotonicTime now) {
    if (options_.by.what != FunctionBy::kCaller || elapsed(last_callers_, now) < kCallersInterval) return {};
    last_callers_ = now;
    for (const WatchedFile& file : files_) {
        if (!file.counts_functions()) continue;
        const auto parts = file.functions()->parts();
        if (!parts) return tl::unexpected<Error>(parts.error());
        for (const FunctionPart& part : *parts) {
            if (remembered_.size() < kMostRemembered && remembered_.insert(part.pid).second) callers_.remember(part.pid);
        }
    }
    return {};
}

void FunctionWatch::detach(MonotonicTime now) {
    for (WatchedFile& file : files_) file.detach(now);
}

bool FunctionWatch::found_any() const {
    return std::any_of(files_.begin(), files_.end(), [](const WatchedFile& file) {
        return file.listed().found.matched + file.listed().found.matched_probes > 0;
    });
}

std::vector<std::string> FunctionWatch::nearest() const {
    std::vector<std::string> names;
    for (const WatchedFile& file : files_) {
        const std::string in_file = std::string(file_name_of(file.listed().path)) + "!";
        for (const std::string& name : file.listed().found.nearest) names.push_back(in_file + name);
    }
    return names;
}

bool FunctionWatch::is_met(const std::string& glob) const {
    return std::any_of(files_.begin(), files_.end(),
                       [&](const WatchedFile& file) { return glob_match(glob, file_name_of(file.listed().path)); });
}

std::vector<std::string> FunctionWatch::files_not_met() const {
    std::vector<std::string> globs;
    for (const FunctionPattern& pattern : options_.patterns) {
        const bool is_glob = !pattern.file.empty() && !pattern.is_path();
        if (is_glob && !is_met(pattern.file)) globs.push_back(pattern.file);
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
    for (const WatchedFile& file : files_) {
        const Miss miss = file.listed().no_functions();
        if (miss != Miss::kNone) files.push_back(file.listed().path + ": " + std::string(text_of(miss)));
    }
    return files;
}

std::vector<std::string> FunctionWatch::without_sources() const {
    std::vector<std::string> files;
    for (const WatchedFile& file : files_) {
        const ListedFile& listed = file.listed();
        if (listed.no_sources != Miss::kNone) files.push_back(listed.path + ": " + why_no_sources(listed));
    }
    return files;
}

Result<void> FunctionWatch::fill(Snapshot& snapshot, const ClockOffset& clock, MonotonicTime now,
                                 const FunctionOperations& operations) const {
    for (const WatchedFile& file : files_) {
        FunctionFile& out = *snapshot.add_function_files();
        if (auto reported = report_uses(out, file, options_, callers_, operations); !reported) return reported;
        report_times(out, file, clock, now, lost_events(snapshot.accounting()));
    }
    return {};
}

}  // namespace footfall
