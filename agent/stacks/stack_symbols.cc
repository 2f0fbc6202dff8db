#include "agent/stacks/stack_symbols.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent/stacks/wait_kind.h"
#include "symbolizer/jit/perf_map.h"
#include "symbolizer/kernel/kallsyms.h"
#include "symbolizer/worker/debug_files.h"

namespace footfall {
namespace {

// The texts of a snapshot, each once.
class Strings {
public:
    explicit Strings(Stacks& stacks) : stacks_(stacks) { of(""); }

    std::uint32_t of(std::string_view text) {
        const auto found = numbers_.find(std::string(text));
        if (found != numbers_.end()) return found->second;
        const auto number = static_cast<std::uint32_t>(stacks_.strings_size());
        stacks_.add_strings(std::string(text));
        numbers_.emplace(text, number);
        return number;
    }

private:
    Stacks& stacks_;
    std::unordered_map<std::string, std::uint32_t> numbers_;
};

// Where an address has its meaning: a module, the kernel, or one process's own memory.
struct Place {
    enum class Kind : std::uint8_t { kModule, kKernel, kPrivate } kind;
    std::uint32_t owner = 0;  // the module's number, or the pid
    std::uint64_t address = 0;
    auto operator<=>(const Place&) const = default;
};

struct KernelFrames {
    std::vector<std::uint64_t> addresses;
    std::vector<std::string_view> names;
};

class Filler {
public:
    Filler(const StackCapture& capture, SymbolizerClient& client, Stacks& stacks)
        : capture_(capture), client_(client), stacks_(stacks), strings_(stacks) {}

    void fill() {
        stacks_.add_modules();
        read_kernel_names();
        name_modules();
        std::vector<const Sample*> samples;
        for (const Sample& sample : capture_.samples) samples.push_back(&sample);
        std::sort(samples.begin(), samples.end(), [](const Sample* a, const Sample* b) { return comes_first(*a, *b); });
        for (const Sample* sample : samples) add_sample(*sample);
        fill_totals();
    }

private:
    // The most time first; the rest only for the same order at every run.
    static bool comes_first(const Sample& a, const Sample& b) {
        if (a.nanoseconds != b.nanoseconds) return a.nanoseconds > b.nanoseconds;
        if (a.thread != b.thread) return a.thread < b.thread;
        return a.kernel != b.kernel ? a.kernel < b.kernel : a.user.size() < b.user.size();
    }

    void read_kernel_names() {
        const auto has_kernel_frames = [](const Sample& sample) { return !sample.kernel.empty(); };
        if (std::none_of(capture_.samples.begin(), capture_.samples.end(), has_kernel_frames)) return;
        auto loaded = KernelSymbols::load();
        if (loaded) {
            kernel_.emplace(std::move(*loaded));
        } else {
            kernel_miss_ = loaded.error();
        }
    }

    // All addresses of a module in one question.
    void name_modules() {
        std::map<ModuleNumber, std::vector<std::uint64_t>> addresses;
        for (const Sample& sample : capture_.samples) {
            for (const UserFrame& frame : sample.user) {
                if (capture_.modules.contains(frame.module)) addresses[frame.module].push_back(frame.address);
            }
        }
        for (auto& [module, wanted] : addresses) {
            std::sort(wanted.begin(), wanted.end());
            wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
            name_module(module, wanted);
        }
    }

    void name_module(ModuleNumber number, const std::vector<std::uint64_t>& wanted) {
        const CapturedModule& module = capture_.modules.at(number);
        const FileDescription& description = module.description;
        const bool complete = capture_.detail == Detail::kLines ? description.has_dwarf : description.has_symbols;
        DebugFiles debug;
        if (!complete) debug = find_debug_files(client_, module.root, module.path, description);
        std::vector<SymbolizedAddress> named =
            client_.symbols({module.file.get(), debug.debug.get(), debug.alt.get()}, wanted, capture_.detail);
        for (SymbolizedAddress& address : named) {
            const bool for_want_of_it = address.miss == Miss::kStripped || address.miss == Miss::kOutsideOfSymbols;
            if (for_want_of_it && debug.miss == Miss::kDebugFileMismatch) address.miss = debug.miss;
        }
        for (std::size_t i = 0; i < wanted.size() && i < named.size(); ++i) {
            add_location({Place::Kind::kModule, number, wanted[i]}, module_of(module), named[i]);
        }
    }

    std::uint32_t module_of(const CapturedModule& module) { return module_named(module.path, module.description.build_id); }

    std::uint32_t module_named(const std::string& path, const std::string& build_id = {}) {
        const auto [found, added] =
            modules_.try_emplace({path, build_id}, static_cast<std::uint32_t>(stacks_.modules_size()));
        if (added) {
            StackModule* module = stacks_.add_modules();
            module->set_path(strings_.of(path));
            module->set_build_id(strings_.of(build_id));
        }
        return found->second;
    }

    std::uint32_t add_location(const Place& place, std::uint32_t module, const SymbolizedAddress& named) {
        const auto number = static_cast<std::uint32_t>(stacks_.locations_size());
        Location* location = stacks_.add_locations();
        location->set_module(module);
        location->set_address(place.address);
        location->set_kernel(place.kind == Place::Kind::kKernel);
        for (const footfall::Line& line : named.lines) {
            StackLine* out = location->add_lines();
            out->set_function(strings_.of(line.function));
            out->set_file(strings_.of(line.file));
            out->set_line(line.line);
        }
        if (named.lines.empty()) location->set_miss(strings_.of(text_of(named.miss)));
        locations_[place] = number;
        return number;
    }

    // is_last: of a walk that ended for want of a mapping, so that the address is nobody's.
    std::uint32_t location_of(const Sample& sample, const UserFrame& frame, bool is_last) {
        const Place place = frame.module != 0 ? Place{Place::Kind::kModule, frame.module, frame.address}
                                              : Place{Place::Kind::kPrivate, number(sample.pid), frame.address};
        if (const auto known = locations_.find(place); known != locations_.end()) return known->second;
        const bool unmapped = is_last && sample.stop == StopReason::NO_MAPPING;
        if (frame.module != 0 || unmapped) return add_location(place, 0, {.miss = Miss::kNoSuchFile});
        return add_location(place, module_named("[jit]"), name_private(sample.pid, frame.address));
    }

    // Of a process that has ended, the file that most have written stays.
    static Fd perf_map_of(Pid pid) {
        if (auto file = PerfMap::open(pid)) return std::move(*file);
        const std::string left = fmt::format("/tmp/perf-{}.map", number(pid));
        Fd file(open(left.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
        struct stat status {};
        return file.valid() && fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode) ? std::move(file) : Fd();
    }

    SymbolizedAddress name_private(Pid pid, std::uint64_t address) {
        auto found = perf_maps_.find(pid);
        if (found == perf_maps_.end()) {
            found = perf_maps_.try_emplace(pid).first;
            if (const Fd file = perf_map_of(pid); file.valid()) found->second.update(file.get());
        }
        const auto function = found->second.find(address);
        if (!function) return {.miss = function.error()};
        return {.lines = {{.function = std::string(function->name)}}, .offset_in_function = function->offset};
    }

    std::uint32_t kernel_location(std::uint64_t address) {
        const Place place{Place::Kind::kKernel, 0, address};
        if (const auto known = locations_.find(place); known != locations_.end()) return known->second;
        SymbolizedAddress named{.miss = kernel_miss_};
        std::string module = "[kernel]";
        if (kernel_) {
            const auto symbol = kernel_->find(address);
            if (symbol) named.lines = {{.function = std::string(symbol->function)}};
            if (symbol && symbol->module != "kernel") module = fmt::format("[{}]", symbol->module);
            if (!symbol) named.miss = symbol.error();
        }
        return add_location(place, module_named(module), named);
    }

    // Without what the scheduler and our own probe add on top of a thread that leaves the CPU.
    KernelFrames kernel_frames(const Sample& sample) {
        constexpr std::size_t kMostOnTop = 16;
        KernelFrames frames;
        for (const std::uint64_t address : sample.kernel) {
            const auto symbol = kernel_ ? kernel_->find(address) : tl::unexpected(kernel_miss_);
            frames.addresses.push_back(address);
            frames.names.push_back(symbol ? symbol->function : std::string_view());
            const bool on_top = sample.state != StackState::kRunning && frames.names.size() <= kMostOnTop;
            if (on_top && frames.names.back() == "__schedule") frames = {};
        }
        return frames;
    }

    void add_sample(const Sample& sample) {
        const KernelFrames kernel = kernel_frames(sample);
        StackSample* out = stacks_.add_samples();
        out->set_service(strings_.of(service_name(sample.service)));
        out->set_thread(strings_.of(sample.thread));
        out->set_samples(static_cast<std::uint64_t>(std::llround(sample.samples)));
        out->set_nanos(sample.nanoseconds);
        out->set_stop(strings_.of(name(sample.stop)));
        switch (sample.state) {
            case StackState::kRunning:
                out->set_state(STACK_RUNNING);
                break;
            case StackState::kBlocked:
                out->set_state(STACK_BLOCKED);
                out->set_wait(strings_.of(name(wait_kind(kernel.names, sample.system_call))));
                break;
            case StackState::kQueued:
                out->set_state(STACK_QUEUED);
                break;
        }
        for (const std::uint64_t address : kernel.addresses) out->add_locations(kernel_location(address));
        for (const UserFrame& frame : sample.user) {
            if (frame.guessed) out->add_guessed(static_cast<std::uint32_t>(out->locations_size()));
            out->add_locations(location_of(sample, frame, &frame == &sample.user.back()));
        }
    }

    void fill_totals() {
        stacks_.set_period_nanos(capture_.period_nanoseconds);
        stacks_.set_clock(capture_.clock);
        for (std::size_t i = 0; i < kStopReasons; ++i) {
            const std::uint64_t count = capture_.stops[i];
            if (count != 0) (*stacks_.mutable_stops())[std::string(name(static_cast<StopReason>(i)))] = count;
        }
        stacks_.set_user_frames(capture_.user_frames);
        stacks_.set_guessed_frames(capture_.guessed_frames);
        for (const auto& [what, count] : capture_.without_room) {
            if (count != 0) (*stacks_.mutable_without_room())[what] = count;
        }
    }

    [[nodiscard]] std::string_view service_name(ServiceId service) const {
        const auto found = capture_.services.find(service);
        return found != capture_.services.end() ? std::string_view(found->second) : std::string_view();
    }

    const StackCapture& capture_;
    SymbolizerClient& client_;
    Stacks& stacks_;
    Strings strings_;
    std::map<std::pair<std::string, std::string>, std::uint32_t> modules_;
    std::map<Place, std::uint32_t> locations_;
    std::optional<KernelSymbols> kernel_;
    Miss kernel_miss_ = Miss::kNone;
    std::map<Pid, PerfMap> perf_maps_;
};

}  // namespace

StackCapture capture_stacks(const StackCollector& collector) {
    const StackProfile& profile = collector.profile();
    const CodeModules& modules = collector.modules();
    StackCapture capture;
    profile.for_each([&](const Sample& sum) { capture.samples.push_back(sum); });
    for (const Sample& sample : capture.samples) {
        for (const UserFrame& frame : sample.user) {
            if (frame.module == 0 || frame.module >= modules.count() || capture.modules.contains(frame.module)) continue;
            const CodeModule& module = modules.at(frame.module);
            capture.modules.emplace(frame.module, CapturedModule{module.path, module.root, module.description,
                                                                 Fd(fcntl(module.file.get(), F_DUPFD_CLOEXEC, 0))});
        }
    }
    capture.stops = profile.stops();
    capture.user_frames = profile.user_frames();
    capture.guessed_frames = profile.guessed_frames();
    capture.without_room = {{"frames", profile.without_room()},
                            {"waits", collector.waits_without_room()},
                            {"copies", collector.copies_without_room()}};
    return capture;
}

void fill_stacks(const StackCapture& capture, SymbolizerClient& client, Stacks& stacks) {
    Filler(capture, client, stacks).fill();
}

}  // namespace footfall
