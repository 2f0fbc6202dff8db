// Loads function probes with what they have in common, and one of them ahead: loading takes longest of what is done until
// calls are counted. Errors are the kernel's. Thread: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "agent/base/result.h"
#include "agent/probes/function_options.h"
#include "agent/probes/function_probe.h"
#include "agent/probes/probe_set.h"

namespace footfall {

class FunctionProbeLoader {
public:
    // The maps are borrowed.
    FunctionProbeLoader(const FunctionOptions& options, const ff_probe_config& who, const SharedMapFds& shared);

    // For so many functions, as FunctionProbe::load(). Takes the one that was loaded ahead, if that fits.
    Result<FunctionProbe> load(std::size_t functions, Timing timing, const CallsBy& by);
    // For so many USDT probes.
    Result<FunctionProbe> load_usdt(std::size_t probes, const CallsBy& by,
                                    std::vector<std::optional<UsdtArgument>> arguments);

    // Under coverage of some processes of the host.
    [[nodiscard]] bool counts_strangers() const { return counts_strangers_; }

    // Can functions be probed in some processes alone? Found out once.
    [[nodiscard]] bool filters_processes();

    // Is there none ahead, and could there be?
    [[nodiscard]] bool lacks_spare() const { return !spare_ && !is_refused_; }
    // Where the kernel refuses it, load() will say so.
    void load_spare();

private:
    [[nodiscard]] bool is_as_spare(std::size_t functions, Timing timing, const CallsBy& by) const;

    Result<FunctionProbe> load_next(std::size_t functions, Timing timing, CallsBy by,
                                    std::vector<std::optional<UsdtArgument>> usdt_arguments = {});

    ff_probe_config who_;
    SharedMapFds shared_;
    std::size_t spare_functions_;
    Timing spare_timing_;
    CallsBy spare_by_;
    bool counts_strangers_;
    bool takes_stacks_;
    std::optional<bool> filters_processes_;
    std::uint32_t next_number_ = 0;
    std::optional<FunctionProbe> spare_;  // attached to nothing
    bool is_refused_ = false;             // it can't be loaded
};

}  // namespace footfall
