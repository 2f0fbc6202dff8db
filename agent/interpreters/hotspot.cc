#include "agent/interpreters/hotspot.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "symbolizer/interpreters/hotspot/walk_rules.h"

namespace footfall {
namespace {

constexpr unsigned kMostLooksAtVm = 50;  // at a virtual machine that lacks something
constexpr std::size_t kMostNames = 16384;
constexpr std::uint64_t kPassingFor = kNanosecondsPerSecond;

bool is_libjvm(const CodeModule& module) {
    return std::string_view(module.path).substr(module.path.rfind('/') + 1) == "libjvm.so";
}

// Where those that are mapped begin.
std::set<std::uint64_t> libjvms_in(std::span<const PlacedMapping> placed, const CodeModules& modules) {
    std::set<std::uint64_t> found;
    for (const PlacedMapping& mapping : placed) {
        if (modules.has(mapping.module) && is_libjvm(modules.at(mapping.module))) found.insert(mapping.bias);
    }
    return found;
}

ScriptStop stop_of(HotspotMiss miss) {
    switch (miss) {
        case HotspotMiss::kNoTables:
            return ScriptStop::NO_SYMBOLS;
        case HotspotMiss::kUnknownLayout:
            return ScriptStop::UNKNOWN_VERSION;
        case HotspotMiss::kNotInitialized:
            return ScriptStop::NOT_INITIALIZED;
    }
    return ScriptStop::UNKNOWN_VERSION;
}

// Where a virtual thread runs whose frames were moved to the heap while it was off its carrier: the outer ones come back
// when they are returned to, by a stub that stands in their place above the carrier's own frames.
constexpr std::string_view kFramesInHeap = "[frames in the heap]";

void note_frames_in_heap(std::vector<ScriptFrame>& frames, ScriptFunctions& functions) {
    const auto name_of = [&](const ScriptFrame& frame) -> std::string_view {
        return frame.absent ? std::string_view() : functions.at(frame.frame.function()).name;
    };
    for (std::size_t i = 1; i + 1 < frames.size(); ++i) {
        if (name_of(frames[i + 1]) != "jdk.internal.vm.Continuation.run" || !name_of(frames[i]).starts_with("StubRoutines"))
            continue;
        frames[i].frame = UserFrame::of_script(functions.of({Runtime::kHotspot, std::string(kFramesInHeap), {}}), 0);
    }
}

bool is_interpreted(const HotspotFrame& frame) { return (frame.check & FF_HOTSPOT_INTERPRETED) != 0; }

}  // namespace

std::size_t HotspotInterpreter::Hash::operator()(const HotspotFrame& frame) const {
    constexpr std::size_t kSpread = 0x9e3779b97f4a7c15;
    return ((frame.function * kSpread + frame.position) * kSpread + frame.check) * kSpread;
}

std::size_t HotspotInterpreter::count_in(std::span<const PlacedMapping> placed, const CodeModules& modules) {
    return libjvms_in(placed, modules).size();
}

std::shared_ptr<Interpreter> HotspotInterpreter::find(Pid pid, std::span<const PlacedMapping> placed,
                                                      const CodeModules& modules) {
    const std::set<std::uint64_t> found = libjvms_in(placed, modules);
    if (found.empty()) return nullptr;
    std::shared_ptr<HotspotInterpreter> interpreter(new HotspotInterpreter(pid, *found.begin()));
    if (found.size() > 1) {
        interpreter->problem_ = ScriptStop::SEVERAL;
    } else {
        interpreter->look();
    }
    return interpreter;
}

HotspotInterpreter::HotspotInterpreter(Pid pid, std::uint64_t libjvm) : memory_(pid), libjvm_(libjvm) {
    code_.memory = &memory_;
}

// Names are read anew, as the child's memory changes on its own.
HotspotInterpreter::HotspotInterpreter(const HotspotInterpreter& other, Pid pid)
    : memory_(pid),
      libjvm_(other.libjvm_),
      problem_(other.problem_),
      vm_(other.vm_),
      code_(other.code_),
      published_(other.published_),
      looks_(other.looks_) {
    code_.memory = &memory_;
}

void HotspotInterpreter::look() {
    ++looks_;
    auto vm = Hotspot::read(memory_, libjvm_);
    if (!vm) {
        problem_ = stop_of(vm.error());
        return;
    }
    problem_ = ScriptStop::COMPLETE;
    vm_ = *vm;
    code_.rules = walk_rules_of(*vm);
    published_.runtime = FF_RUNTIME_HOTSPOT;
    published_.hotspot = code_.rules;
}

// One that was just loaded has no code yet, nor has the dynamic linker filled in its tables.
bool HotspotInterpreter::refresh() {
    if (vm_ || problem_ == ScriptStop::SEVERAL || looks_ >= kMostLooksAtVm) return false;
    look();
    return vm_.has_value();
}

std::shared_ptr<Interpreter> HotspotInterpreter::of_child(Pid child) const {
    return std::shared_ptr<HotspotInterpreter>(new HotspotInterpreter(*this, child));
}

bool HotspotInterpreter::runs_scripts(const UserFrame& native) const {
    // Of one that can't be read, all code without a file is taken for its own, so that its samples say why.
    return native.module == 0 && (!vm_ || vm_->code.contains(native.address));
}

std::vector<ScriptFrame> HotspotInterpreter::name(const ScriptFrameList& frames, ScriptFunctions& functions) {
    std::vector<ScriptFrame> all;
    all.reserve(frames.size());
    for (std::size_t i = 0; i < frames.size(); ++i) {
        const RawScriptFrame raw = frames[i];
        if (raw.function == 0 || !vm_) {
            all.push_back({.entry = true, .absent = true});
            continue;
        }
        for (const UserFrame& line : named({raw.function, raw.position, raw.check}, functions))
            all.push_back({.frame = line});
        all.back().entry = true;
    }
    note_frames_in_heap(all, functions);
    return all;
}

const std::vector<UserFrame>& HotspotInterpreter::named(const HotspotFrame& frame, ScriptFunctions& functions) {
    if (elapsed(passing_since_, monotonic_now()) > kPassingFor) {
        passing_.clear();
        passing_since_ = monotonic_now();
    }
    for (const Names* names : {&lasting_, &passing_}) {
        if (const auto known = names->find(frame); known != names->end()) return known->second;
    }
    std::vector<UserFrame> named;
    const auto lines = name_frame(*vm_, memory_, frame);
    for (const JavaLine& line : lines.value_or(std::vector{JavaLine{}}))
        named.push_back(UserFrame::of_script(functions.of({Runtime::kHotspot, line.function, line.file}), line.line));
    Names& names = lines && !is_interpreted(frame) ? lasting_ : passing_;
    if (names.size() >= kMostNames) names.clear();
    return names[frame] = std::move(named);
}

}  // namespace footfall
