#include "agent/probes/process_filter.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <thread>

#include "agent/base/fd.h"
#include "agent/probes/function_probe.h"
#include "agent/probes/mapped_files.h"

namespace footfall {
namespace {

[[gnu::noinline]] void probed_by_ourselves() { asm volatile("nop\n\tnop" ::: "memory"); }

std::optional<std::uint64_t> own_offset() {
    const auto address = reinterpret_cast<std::uint64_t>(&probed_by_ourselves);
    const auto maps = maps_of(Pid{static_cast<std::uint32_t>(getpid())});
    if (!maps) return std::nullopt;
    for (const ExecutableMapping& mapping : maps->mappings) {
        if (address >= mapping.start && address < mapping.end) return address - mapping.start + mapping.file_offset;
    }
    return std::nullopt;
}

}  // namespace

bool filters_processes(const ff_probe_config& who, const SharedMapFds& shared) {
    const Fd self(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    const auto offset = own_offset();
    // footfall is never watched, so that it counts as a stranger.
    auto probe = FunctionProbe::load(who, shared, 1, Timing::kNone, {}, {.counts_strangers = true, .usdt_arguments = {}});
    if (!self.valid() || !offset || !probe) return false;
    const std::array place{UprobePlace{*offset, 0, 0}};
    const Pid own{static_cast<std::uint32_t>(getpid())};
    if (!probe->attach(self.get(), place, true, {own}) || probe->attached() != 1) return false;
    std::thread(probed_by_ourselves).join();
    const auto hits = probe->strangers();
    return hits && hits->front() == 1;
}

}  // namespace footfall
