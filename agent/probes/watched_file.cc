#include "agent/probes/watched_file.h"

#include <fcntl.h>

#include <algorithm>
#include <span>
#include <utility>

#include "agent/processes/proc_fs.h"
#include "bpf/contract/function_probe.h"

namespace footfall {
namespace {

// Where calls of the functions are counted, and timed.
std::vector<UprobePlace> places_of(const FunctionAnswer& found) {
    if (found.timing == Timing::kByExits) return edges_of(found.functions);
    std::vector<UprobePlace> places;
    for (std::size_t i = 0; i < found.functions.size(); ++i) {
        const CodeFunction& function = found.functions[i];
        if (function.no_site == NoSite::kNone) {
            const FunctionEdge begin{.file_offset = function.file_offset,
                                     .function = static_cast<std::uint32_t>(i),
                                     .begins = true,
                                     .goroutine = function.goroutine};
            places.push_back(place_of(begin));
        }
    }
    return places;
}

// The number of the site is in the upper half of its cookie.
std::vector<UprobePlace> places_of(const std::vector<UsdtProbe>& probes) {
    std::vector<UprobePlace> places;
    for (std::size_t i = 0; i < probes.size(); ++i) {
        for (const UsdtSite& site : probes[i].sites) {
            const std::uint64_t number = places.size();
            places.push_back({site.file_offset, number << FF_USDT_SITE_SHIFT | i, site.semaphore_offset});
        }
    }
    return places;
}

std::vector<std::optional<UsdtArgument>> arguments_of(const std::vector<UsdtProbe>& probes) {
    std::vector<std::optional<UsdtArgument>> arguments;
    for (const UsdtProbe& probe : probes) {
        for (const UsdtSite& site : probe.sites) arguments.push_back(site.argument);
    }
    return arguments;
}

Result<FunctionProbe> attached(Result<FunctionProbe> probe, const Fd& opened, std::span<const UprobePlace> places,
                               bool in_batches, std::vector<Pid> processes = {}) {
    if (!probe) return probe;
    const auto done = probe->attach(opened.get(), places, in_batches, std::move(processes));
    if (!done) return tl::unexpected<Error>(done.error());
    return probe;
}

}  // namespace

WatchedFile::WatchedFile(ListedFile listed, MonotonicTime mapped) : listed_(std::move(listed)), mapped_(mapped) {}

Result<void> WatchedFile::attach(const Fd& opened, FunctionProbeLoader& loader, const FunctionOptions& options,
                                 std::vector<Pid> processes) {
    probed_ = ProbedProcesses(std::move(processes));
    if (auto done = attach_functions(opened, loader, options); !done) return done;
    if (auto done = attach_usdt(opened, loader, options.by); !done) return done;
    if (functions_ || usdt_) since_ = monotonic_now();
    return {};
}

Result<void> WatchedFile::attach_functions(const Fd& opened, FunctionProbeLoader& loader, const FunctionOptions& options) {
    const std::vector<UprobePlace> places = places_of(listed_.found);
    if (places.empty()) return {};
    const std::size_t numbers = listed_.found.functions.size();
    auto probe = attached(loader.load(numbers, listed_.found.timing, options.by), opened, places, options.takes_off(),
                          probed_.processes());
    if (!probe) return tl::unexpected<Error>(probe.error());
    functions_ = *std::move(probe);
    if (options.takes_off()) opened_ = Fd(fcntl(opened.get(), F_DUPFD_CLOEXEC, 0));
    hot_.assign(numbers, false);
    crowded_.assign(numbers, false);
    strangers_before_.assign(numbers, 0);
    counts_strangers_ = options.coverage && loader.counts_strangers();
    return {};
}

// Its sites lie anywhere in functions, where nothing tells who called those.
Result<void> WatchedFile::attach_usdt(const Fd& opened, FunctionProbeLoader& loader, CallsBy by) {
    const std::vector<UprobePlace> places = places_of(listed_.found.probes);
    if (places.empty()) return {};
    if (by.what == FunctionBy::kCaller) by = {};
    auto loaded = loader.load_usdt(listed_.found.probes.size(), by, arguments_of(listed_.found.probes));
    auto probe = attached(std::move(loaded), opened, places, false);
    if (!probe) return tl::unexpected<Error>(probe.error());
    usdt_ = *std::move(probe);
    return {};
}

void WatchedFile::set_stacks_apart(std::uint32_t nanoseconds) {
    if (functions_) functions_->set_stacks_apart(nanoseconds);
    if (usdt_) usdt_->set_stacks_apart(nanoseconds);
}

std::string_view WatchedFile::name_of(CalledFunction called) const {
    const FunctionAnswer& found = listed_.found;
    if (functions_ && functions_->number() == called.probe && called.function < found.functions.size())
        return found.functions[called.function].name;
    if (usdt_ && usdt_->number() == called.probe && called.function < found.probes.size())
        return found.probes[called.function].name;
    return {};
}

Result<std::vector<std::uint64_t>> WatchedFile::calls_of(std::uint32_t probe) const {
    if (functions_ && functions_->number() == probe) return functions_->calls();
    if (usdt_ && usdt_->number() == probe) return usdt_->calls();
    return std::vector<std::uint64_t>();
}

void WatchedFile::detach(MonotonicTime now) {
    if (!since_.seen() || until_.seen()) return;
    if (functions_) functions_->detach();
    if (usdt_) usdt_->detach();
    until_ = now;
}

Result<void> WatchedFile::on_mapped(Pid pid, bool as_program) {
    is_mapped_ = true;
    is_program_ |= as_program;
    if (probed_.everywhere() || !counts_functions()) return {};
    if (probed_.add(pid)) return probe_in(pid);
    return functions_->is_attached_in(pid) ? Result<void>() : functions_->attach_again(opened_.get());
}

Result<void> WatchedFile::on_forked(Pid parent, Pid child, bool is_alive) {
    return probed_.on_forked(parent, child, is_alive) && counts_functions() ? probe_in(child) : Result<void>();
}

void WatchedFile::on_exited(Pid pid) {
    probed_.on_exited(pid);
    if (functions_) functions_->forget(pid);
}

Result<void> WatchedFile::probe_in(Pid pid) {
    return probed_.everywhere() ? functions_->attach_everywhere(opened_.get()) : functions_->attach_in(opened_.get(), pid);
}

// A process whose first thread has ended has no memory in the eyes of the kernel, which asks that thread.
Result<void> WatchedFile::heed_headless() {
    const auto is_headless = [](Pid pid) { return ProcFs().is_headless(pid); };
    if (std::none_of(probed_.processes().begin(), probed_.processes().end(), is_headless)) return {};
    probed_.go_everywhere();
    return functions_->attach_everywhere(opened_.get());
}

Result<std::size_t> WatchedFile::take_off_called() {
    if (auto heeded = heed_headless(); !heeded) return tl::unexpected<Error>(heeded.error());
    const auto calls = functions_->calls();
    if (!calls) return tl::unexpected<Error>(calls.error());
    const auto crowded = crowded_now();
    if (!crowded) return tl::unexpected<Error>(crowded.error());
    return functions_->take_off_called(opened_.get(), *calls, *crowded);
}

// What is never called by those that are watched has its probe for long, and others that share the file pay for it.
Result<std::vector<bool>> WatchedFile::crowded_now() {
    constexpr std::uint64_t kMostOfStrangers = 1000;  // calls: a millisecond of theirs
    std::vector<bool> crowded(crowded_.size());
    if (!counts_strangers_) return crowded;
    const auto strangers = functions_->strangers();
    if (!strangers) return tl::unexpected<Error>(strangers.error());
    for (std::size_t i = 0; i < crowded.size(); ++i) {
        crowded[i] = (*strangers)[i] - strangers_before_[i] >= kMostOfStrangers;
        if (crowded[i]) crowded_[i] = true;
    }
    return crowded;
}

Result<void> WatchedFile::put_on() {
    const auto calls = functions_->calls();
    if (!calls) return tl::unexpected<Error>(calls.error());
    if (counts_strangers_) {
        auto strangers = functions_->strangers();
        if (!strangers) return tl::unexpected<Error>(strangers.error());
        strangers_before_ = *std::move(strangers);
    }
    return functions_->put_on(opened_.get(), *calls);
}

Result<std::vector<WatchedFile::Cost>> WatchedFile::costs() {
    auto calls = functions_->calls();
    if (!calls) return tl::unexpected<Error>(calls.error());
    calls_before_.resize(calls->size());
    std::vector<Cost> costs;
    for (std::size_t i = 0; i < hot_.size(); ++i) {
        const std::uint64_t came = (*calls)[i] - calls_before_[i];
        if (came == 0 || hot_[i]) continue;
        const double each = expected_nanoseconds(listed_.found.functions[i], listed_.found.timing);
        costs.push_back({i, static_cast<double>(came) * each});
    }
    calls_before_ = *std::move(calls);
    return costs;
}

Result<void> WatchedFile::take_off_hot() { return functions_->take_off(opened_.get(), hot_); }

std::string_view WatchedFile::mapped_as() const {
    if (!is_mapped_) return {};
    return is_program_ ? "program" : "library";
}

std::uint64_t WatchedFile::watched_nanoseconds(MonotonicTime now) const {
    return elapsed(since_, until_.seen() ? until_ : now);
}

std::optional<std::uint64_t> WatchedFile::late_nanoseconds() const {
    return mapped_.seen() ? std::optional(elapsed(mapped_, since_)) : std::nullopt;
}

}  // namespace footfall
