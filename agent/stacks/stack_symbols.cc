#include "agent/stacks/stack_symbols.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent/stacks/jitdump_files.h"
#include "agent/stacks/perf_map_files.h"
#include "agent/stacks/wait_kind.h"
#include "symbolizer/jit/jitdump.h"
#include "symbolizer/jit/perf_map.h"
#include "symbolizer/kernel/kallsyms.h"
#include "symbolizer/worker/debug_files.h"
#include "symbolizer/worker/time_budget.h"

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

// Where an address has its meaning: a module, the kernel, one process's own memory, or a script.
struct Place {
    enum class Kind : std::uint8_t { kModule, kKernel, kPrivate, kScript } kind;
    std::uint32_t owner = 0;  // the module's number, or the pid; of a script, all is in the address
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
        : capture_(capture),
          client_(client),
          debuginfod_(capture.debuginfod),
          budget_(capture.naming_patience),
          stacks_(stacks),
          strings_(stacks) {
        client_.set_budget(&budget_);
    }
    ~Filler() { client_.set_budget(nullptr); }
    Filler(const Filler&) = delete;
    Filler& operator=(const Filler&) = delete;

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
        if (a.samples != b.samples) return a.samples > b.samples;
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

    // All addresses of a module in one question; those that time was spent in the most come first, as there may not be time
    // for all.
    void name_modules() {
        struct Wanted {
            std::uint64_t nanoseconds = 0;
            std::vector<std::uint64_t> addresses;
        };
        std::map<ModuleNumber, Wanted> modules;
        for (const Sample& sample : capture_.samples) {
            for (const UserFrame& frame : sample.user) {
                if (!capture_.modules.contains(frame.module)) continue;
                Wanted& wanted = modules[frame.module];
                wanted.nanoseconds += sample.nanoseconds;
                wanted.addresses.push_back(frame.address);
            }
        }
        std::vector<std::pair<std::uint64_t, ModuleNumber>> order;
        for (auto& [module, wanted] : modules) {
            std::sort(wanted.addresses.begin(), wanted.addresses.end());
            wanted.addresses.erase(std::unique(wanted.addresses.begin(), wanted.addresses.end()), wanted.addresses.end());
            order.emplace_back(wanted.nanoseconds, module);
        }
        std::sort(order.rbegin(), order.rend());
        for (const auto& [nanoseconds, module] : order) name_module(module, modules[module].addresses);
    }

    void name_module(ModuleNumber number, const std::vector<std::uint64_t>& wanted) {
        const CapturedModule& module = capture_.modules.at(number);
        DebugFiles debug;
        if (!is_enough(module.description)) debug = find_debug_files(client_, module.root, module.path, module.description);
        std::vector<SymbolizedAddress> named = names_of(module, debug, wanted);
        if (debuginfod_.configured() && lacks_something(module, debug, named)) {
            if (fetch(module, debug)) named = names_of(module, debug, wanted);
        }
        for (SymbolizedAddress& address : named) {
            const bool is_why = debug.miss != Miss::kNone && debug.miss != Miss::kNoSuchFile;
            if (is_for_want_of_names(address) && is_why) address.miss = debug.miss;
        }
        for (std::size_t i = 0; i < wanted.size() && i < named.size(); ++i) {
            add_location({Place::Kind::kModule, number, wanted[i]}, module_of(module), named[i]);
        }
    }

    [[nodiscard]] bool is_enough(const FileDescription& file) const {
        return capture_.detail == Detail::kLines ? file.has_dwarf : file.has_symbols;
    }

    std::vector<SymbolizedAddress> names_of(const CapturedModule& module, const DebugFiles& debug,
                                            const std::vector<std::uint64_t>& wanted) {
        if (module.was_rewritten) return {wanted.size(), {.miss = Miss::kRewritten}};
        return client_.symbols({module.file.get(), debug.debug.get(), debug.alt.get()}, wanted, capture_.detail);
    }

    static bool is_for_want_of_names(const SymbolizedAddress& address) {
        return address.miss == Miss::kStripped || address.miss == Miss::kOutsideOfSymbols;
    }

    // What a debug file from a server may have. The exported functions of a stripped library have names all the same: where
    // they are all that was seen, nobody is asked for the others.
    [[nodiscard]] bool lacks_something(const CapturedModule& module, const DebugFiles& debug,
                                       const std::vector<SymbolizedAddress>& named) const {
        if (is_enough(module.description) || budget_.used_up()) return false;
        if (capture_.detail == Detail::kLines) return !is_enough(debug.description) || lacks_alt(debug);
        return !is_enough(debug.description) && std::any_of(named.begin(), named.end(), is_for_want_of_names);
    }

    static bool lacks_alt(const DebugFiles& debug) { return !debug.description.alt_build_id.empty() && !debug.alt.valid(); }

    // What is there stays where nothing better comes. True: something came.
    bool fetch(const CapturedModule& module, DebugFiles& debug) {
        bool came = false;
        if (!is_enough(debug.description)) {
            auto fetched = fetch_build(module.description.build_id, module.path);
            if (!fetched) {
                debug.miss = fetched.error() == Miss::kNoSuchFile ? debug.miss : fetched.error();
                return false;
            }
            came = true;
            const std::string would_be_at = debug_path_of(module.description.build_id);
            Fd alt = find_alt_file(client_, module.root, would_be_at, fetched->description);
            debug = {std::move(fetched->file), std::move(fetched->description), std::move(alt), Miss::kNone};
        }
        if (capture_.detail == Detail::kLines && lacks_alt(debug)) {
            auto fetched = fetch_build(debug.description.alt_build_id, module.path);
            if (fetched) debug.alt = std::move(fetched->file);
            came |= fetched.has_value();
        }
        return came;
    }

    tl::expected<FetchedFile, Miss> fetch_build(const std::string& build_id, const std::string& path) {
        const std::size_t before = debuginfod_.questions();
        auto fetched = debuginfod_.find(client_, build_id);
        // The path comes from the watched process, and is quoted so that it can't look like a line of the log.
        if (debuginfod_.questions() != before) {
            spdlog::info("asked debuginfod for build-id {} of {:?}: {}", build_id, path,
                         fetched ? "it came" : text_of(fetched.error()));
        }
        return fetched;
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
        if (named.lines.empty()) {
            location->set_miss(strings_.of(text_of(named.miss)));
            location->set_from_start(named.offset_in_function);
        }
        locations_[place] = number;
        return number;
    }

    static std::string_view module_of(Runtime runtime) {
        switch (runtime) {
            case Runtime::kCpython:
                return "[python]";
            case Runtime::kHotspot:
                return "[jvm]";
            case Runtime::kNone:
                break;
        }
        return "[script]";
    }

    std::uint32_t script_location(const UserFrame& frame) {
        const Place place{Place::Kind::kScript, 0, frame.address};
        if (const auto known = locations_.find(place); known != locations_.end()) return known->second;
        const auto found = capture_.script_functions.find(frame.function());
        const ScriptFunction function = found == capture_.script_functions.end() ? ScriptFunction{} : found->second;
        SymbolizedAddress named{.miss = Miss::kFunctionGone};
        if (!function.name.empty()) named = {.lines = {{function.name, function.file, frame.line()}}};
        const std::uint32_t number = add_location(place, module_named(std::string(module_of(function.runtime))), named);
        stacks_.mutable_locations(static_cast<int>(number))->set_address(0);
        return number;
    }

    // is_last: of a walk that ended for want of a mapping, so that the address is nobody's.
    std::uint32_t location_of(const Sample& sample, const UserFrame& frame, bool is_last) {
        if (frame.is_script()) return script_location(frame);
        const Place place = frame.module != 0 ? Place{Place::Kind::kModule, frame.module, frame.address}
                                              : Place{Place::Kind::kPrivate, number(sample.pid), frame.address};
        if (const auto known = locations_.find(place); known != locations_.end()) return known->second;
        const bool unmapped = is_last && sample.stop == StopReason::NO_MAPPING;
        if (frame.module == kModuleWithoutRoom) return add_location(place, 0, {.miss = Miss::kTooManyModules});
        if (frame.module != 0 || unmapped) return add_location(place, 0, {.miss = Miss::kNoSuchFile});
        return add_location(place, module_named("[jit]"), name_private(sample.pid, frame.address));
    }

    // What names the code that a process makes at run time.
    struct MadeCode {
        JitDump dump;
        Miss dump_miss = Miss::kNone;
        PerfMap map;
        Miss map_miss = Miss::kNone;
    };

    [[nodiscard]] std::optional<Uid> user_of(Pid pid) const {
        const auto known = capture_.users.find(pid);
        return known == capture_.users.end() ? std::nullopt : std::optional(known->second);
    }

    MadeCode& made_code_of(Pid pid) {
        const auto [found, added] = made_code_.try_emplace(pid);
        MadeCode& code = found->second;
        if (!added) return code;
        if (budget_.used_up()) {
            code.map_miss = Miss::kNamingLate;
            return code;
        }
        const TimeBudget::Step step(&budget_);
        const auto kept = capture_.jitdumps.find(pid);
        // Where it came after the process's mappings were last looked at, it is found now.
        const Fd late = kept == capture_.jitdumps.end() ? find_jitdump(pid) : Fd();
        const int dump = kept == capture_.jitdumps.end() ? late.get() : kept->second.get();
        if (dump >= 0) code.dump_miss = code.dump.update(dump);
        if (const auto map = open_perf_map(pid, user_of(pid))) {
            code.map.update(map->get());
        } else {
            code.map_miss = map.error();
        }
        return code;
    }

    SymbolizedAddress name_private(Pid pid, std::uint64_t address) {
        const MadeCode& code = made_code_of(pid);
        auto function = code.dump.find(address);
        Miss miss = function ? Miss::kNone : function.error();
        if (!function) {
            function = code.map.find(address);
            // Why neither has it: a map that is there says more than one that is not.
            if (!function && function.error() != Miss::kNoMap) miss = function.error();
            for (const Miss why : {code.dump_miss, code.map_miss}) {
                if (!function && miss == Miss::kNoMap && why != Miss::kNone) miss = why;
            }
        }
        if (!function) return {.miss = miss};
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
        out->set_operation(strings_.of(operation_name(sample)));
        out->set_samples(static_cast<std::uint64_t>(std::llround(sample.samples)));
        out->set_nanos(sample.nanoseconds);
        out->set_stop(strings_.of(name(sample.stop)));
        if (sample.script_stop != ScriptStop::NONE) out->set_script_stop(strings_.of(name(sample.script_stop)));
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
            case StackState::kCalled:
                out->set_state(STACK_CALLED);
                out->set_called(strings_.of(called_name(sample)));
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
        for (std::size_t i = 0; i < kScriptStops; ++i) {
            const auto stop = static_cast<ScriptStop>(i);
            const std::uint64_t count = stop == ScriptStop::NONE ? 0 : capture_.script_stops[i];
            if (count != 0) (*stacks_.mutable_script_stops())[std::string(name(stop))] = count;
        }
        stacks_.set_complete_with_guesses(capture_.complete_with_guesses);
        stacks_.set_user_frames(capture_.user_frames);
        stacks_.set_guessed_frames(capture_.guessed_frames);
        stacks_.set_waits_taken(capture_.waits_taken);
        stacks_.set_waits_in_all(capture_.waits_in_all);
        for (const auto& [what, count] : capture_.without_room) {
            if (count != 0) (*stacks_.mutable_without_room())[what] = count;
        }
    }

    [[nodiscard]] std::string_view service_name(ServiceId service) const {
        const auto found = capture_.services.find(service);
        return found != capture_.services.end() ? std::string_view(found->second) : std::string_view();
    }

    [[nodiscard]] std::string_view operation_name(const Sample& sample) const {
        const auto found = sample.operation ? capture_.operations.find(*sample.operation) : capture_.operations.end();
        return found != capture_.operations.end() ? std::string_view(found->second) : std::string_view();
    }

    [[nodiscard]] std::string_view called_name(const Sample& sample) const {
        const auto found = capture_.called.find(sample.called);
        return found != capture_.called.end() ? std::string_view(found->second) : std::string_view();
    }

    const StackCapture& capture_;
    SymbolizerClient& client_;
    DebuginfodClient debuginfod_;
    TimeBudget budget_;
    Stacks& stacks_;
    Strings strings_;
    std::map<std::pair<std::string, std::string>, std::uint32_t> modules_;
    std::map<Place, std::uint32_t> locations_;
    std::optional<KernelSymbols> kernel_;
    Miss kernel_miss_ = Miss::kNone;
    std::map<Pid, MadeCode> made_code_;
};

}  // namespace

namespace {

// With what its samples need to be named later.
StackCapture captured(const StackCollector& collector, const StackProfile& profile, std::vector<Sample> more) {
    const CodeModules& modules = collector.modules();
    StackCapture capture;
    profile.for_each([&](const Sample& sum) { capture.samples.push_back(sum); });
    std::move(more.begin(), more.end(), std::back_inserter(capture.samples));
    for (const Sample& sample : capture.samples) {
        for (const UserFrame& frame : sample.user) {
            if (frame.is_script())
                capture.script_functions.try_emplace(frame.function(), collector.script_functions().at(frame.function()));
            if (frame.module == 0 && !capture.jitdumps.contains(sample.pid)) {
                if (Fd file = modules.jitdumps().file_of(sample.pid); file.valid())
                    capture.jitdumps.emplace(sample.pid, std::move(file));
            }
            if (!modules.has(frame.module) || capture.modules.contains(frame.module)) continue;
            const CodeModule& module = modules.at(frame.module);
            capture.modules.emplace(
                frame.module, CapturedModule{module.path, module.root, module.description,
                                             Fd(fcntl(module.file.get(), F_DUPFD_CLOEXEC, 0)), module.was_rewritten()});
        }
    }
    capture.stops = profile.stops();
    capture.script_stops = profile.script_stops();
    capture.complete_with_guesses = profile.complete_with_guesses();
    capture.user_frames = profile.user_frames();
    capture.guessed_frames = profile.guessed_frames();
    capture.without_room["frames"] = profile.without_room();
    capture.without_room["script functions"] = collector.script_functions().without_room();
    return capture;
}

}  // namespace

StackCapture capture_stacks(const StackCollector& collector, MonotonicTime now) {
    const StackProfile& profile = collector.profile();
    StackCapture capture = captured(collector, profile, collector.open_waits(now));
    capture.waits_taken = profile.waits_taken();
    capture.waits_in_all = static_cast<std::uint64_t>(std::llround(profile.waits_in_all()));
    capture.without_room["waits"] = collector.waits_without_room();
    capture.without_room["ends of waits"] = collector.waits_without_end();
    capture.without_room["copies"] = collector.copies_without_room();
    return capture;
}

StackCapture capture_calls(const StackCollector& collector) { return captured(collector, collector.calls(), {}); }

void fill_stacks(const StackCapture& capture, SymbolizerClient& client, Stacks& stacks) {
    Filler(capture, client, stacks).fill();
}

}  // namespace footfall
