#include "agent/probes/function_probe_loader.h"

#include <cstdint>
#include <utility>

#include "agent/probes/process_filter.h"
#include "bpf/contract/call_events.h"

namespace footfall {

// Durations take 2 KB a function and processor. Most processes that load libraries later have something that throws.
FunctionProbeLoader::FunctionProbeLoader(const FunctionOptions& options, const ff_probe_config& who,
                                         const SharedMapFds& shared)
    : who_(who),
      shared_(shared),
      spare_functions_(options.timed ? 256 : 4096),
      spare_timing_(options.timed ? Timing::kByExits : Timing::kNone),
      spare_by_(options.by),
      counts_strangers_(options.coverage && who.everything == 0),
      takes_stacks_(options.stacks && shared.walk.walks >= 0) {}

bool FunctionProbeLoader::is_as_spare(std::size_t functions, Timing timing, const CallsBy& by) const {
    return timing == spare_timing_ && by == spare_by_ && functions <= spare_functions_;
}

Result<FunctionProbe> FunctionProbeLoader::load(std::size_t functions, Timing timing, const CallsBy& by) {
    if (!spare_ || !is_as_spare(functions, timing, by)) return load_next(functions, timing, by);
    FunctionProbe probe = *std::move(spare_);
    spare_.reset();
    return probe;
}

Result<FunctionProbe> FunctionProbeLoader::load_usdt(std::size_t probes, const CallsBy& by,
                                                     std::vector<std::optional<UsdtArgument>> arguments) {
    if (by.what != FunctionBy::kArgument) return load(probes, Timing::kNone, by);
    return load_next(probes, Timing::kNone, by, std::move(arguments));
}

// Beyond the numbers that there are, it is not known for which operations functions are called, nor with which stacks.
Result<FunctionProbe> FunctionProbeLoader::load_next(std::size_t functions, Timing timing, CallsBy by,
                                                     std::vector<std::optional<UsdtArgument>> usdt_arguments) {
    const bool is_numbered = next_number_ < FF_MOST_CALLED_PROBES;
    if (!is_numbered && by.what == FunctionBy::kOperation) by = {};
    return FunctionProbe::load(who_, shared_, static_cast<std::uint32_t>(functions), timing, by,
                               {next_number_++, counts_strangers_, takes_stacks_ && is_numbered, std::move(usdt_arguments)});
}

bool FunctionProbeLoader::filters_processes() {
    if (!filters_processes_) filters_processes_ = footfall::filters_processes(who_, shared_);
    return *filters_processes_;
}

void FunctionProbeLoader::load_spare() {
    auto probe = load_next(spare_functions_, spare_timing_, spare_by_);
    is_refused_ = !probe;
    if (probe) spare_ = *std::move(probe);
}

}  // namespace footfall
