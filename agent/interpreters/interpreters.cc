#include "agent/interpreters/interpreters.h"

#include <algorithm>
#include <utility>

#include "agent/interpreters/cpython.h"
#include "agent/interpreters/hotspot.h"
#include "bpf/contract/script_frames.h"

namespace footfall {
namespace {

constexpr std::uint64_t kRefreshInterval = 100'000'000;

bool is_there(const std::shared_ptr<Interpreter>& interpreter) { return interpreter != nullptr; }

}  // namespace

Interpreters::Interpreters(const CodeModules& modules, KernelTables* tables, std::size_t most)
    : modules_(modules), tables_(tables), most_(most) {}

void Interpreters::on_placed(Pid pid, const ProcessCode& process) {
    const std::uint64_t stack_start = process.maps.memory.stack_start;
    const auto found = known_.find(pid);
    const bool known = found != known_.end();
    if (known && found->second.stack_start == stack_start && found->second.mappings == process.placed.size()) return;
    if (!known && known_.size() >= most_) return;
    if (known && found->second.stack_start == stack_start && is_there(found->second.interpreter)) {
        // More was mapped: that may be another interpreter, or the rest of this one.
        found->second.mappings = process.placed.size();
        const bool is_read = found->second.interpreter->layout() != nullptr;
        if (is_read && !is_another_in(process, *found->second.interpreter)) return;
    }
    const Known now{find(pid, process), stack_start, process.placed.size(), {}};
    if (known && is_there(found->second.interpreter)) withdraw(pid);
    known_[pid] = now;
    publish(pid, now);
}

// A virtual machine comes first: without it, the native stack has gaps.
std::shared_ptr<Interpreter> Interpreters::find(Pid pid, const ProcessCode& process) const {
    auto hotspot = HotspotInterpreter::find(pid, process.placed, modules_);
    return hotspot != nullptr ? hotspot : CpythonInterpreter::find(pid, process.placed, modules_);
}

bool Interpreters::is_another_in(const ProcessCode& process, const Interpreter& known) const {
    const std::size_t virtual_machines = HotspotInterpreter::count_in(process.placed, modules_);
    const bool is_cpython = known.runtime() == Runtime::kCpython;
    if (virtual_machines > (is_cpython ? 0U : 1U)) return true;
    return is_cpython && CpythonInterpreter::is_another_in(process.placed, modules_);
}

void Interpreters::on_forked(Pid parent, Pid child) {
    const auto found = known_.find(parent);
    if (found == known_.end() || known_.size() >= most_) return;
    Known copy = found->second;
    if (is_there(copy.interpreter)) copy.interpreter = copy.interpreter->of_child(child);
    publish(child, copy);
    known_[child] = std::move(copy);
}

void Interpreters::on_forgotten(Pid pid) {
    if (known_.erase(pid) != 0) withdraw(pid);
}

void Interpreters::publish(Pid pid, const Known& known) {
    const ff_interpreter* layout = is_there(known.interpreter) ? known.interpreter->layout() : nullptr;
    if (layout == nullptr || tables_ == nullptr) return;
    ff_interpreter published = *layout;
    published.stack_start = known.stack_start;
    tables_->publish_interpreter(pid, published);
}

void Interpreters::withdraw(Pid pid) {
    if (tables_ != nullptr) tables_->forget_interpreter(pid);
}

Interpreter* Interpreters::of(Pid pid) const {
    const auto found = known_.find(pid);
    return found == known_.end() ? nullptr : found->second.interpreter.get();
}

void Interpreters::refresh(Pid pid, MonotonicTime now) {
    const auto found = known_.find(pid);
    if (found == known_.end() || !is_there(found->second.interpreter)) return;
    Known& known = found->second;
    if (known.refreshed.seen() && elapsed(known.refreshed, now) < kRefreshInterval) return;
    known.refreshed = now;
    if (known.interpreter->refresh()) publish(pid, known);
}

ScriptStack Interpreters::read(const StackTaken& taken) {
    refresh(taken.pid, taken.time);
    ScriptStack stack{taken.runtime, taken.script_stop, {}};
    Interpreter* interpreter = of(taken.pid);
    if (interpreter == nullptr || taken.script.size() == 0) return stack;
    stack.frames = interpreter->name(taken.script, functions_);
    note_nameless(stack);
    return stack;
}

const HotspotProcess* Interpreters::code_of(Pid pid, std::uint64_t stack_start) const {
    const auto found = known_.find(pid);
    const bool is_meant = found != known_.end() && found->second.stack_start == stack_start;
    return is_meant && is_there(found->second.interpreter) ? found->second.interpreter->code() : nullptr;
}

ScriptStack Interpreters::name(Pid pid, const WalkedStack& walked) {
    Interpreter* interpreter = of(pid);
    if (interpreter == nullptr) return {};
    const ScriptFrameList frames(std::as_bytes(std::span(walked.script)));
    ScriptStack stack{interpreter->runtime(), ScriptStop::COMPLETE, interpreter->name(frames, functions_)};
    note_nameless(stack);
    return stack;
}

void Interpreters::note_nameless(ScriptStack& stack) const {
    const auto is_nameless = [&](const ScriptFrame& frame) {
        return !frame.absent && functions_.at(frame.frame.function()).name.empty();
    };
    if (stack.stop == ScriptStop::COMPLETE && std::any_of(stack.frames.begin(), stack.frames.end(), is_nameless))
        stack.stop = ScriptStop::UNNAMED;
}

bool Interpreters::runs_scripts(const Interpreter* interpreter, const UserFrame& native) const {
    if (native.is_script()) return false;
    if (modules_.has(native.module) && modules_.at(native.module).description.runtime.runs_scripts(native.address))
        return true;
    return interpreter != nullptr && interpreter->runs_scripts(native);
}

void Interpreters::merge(Pid pid, const ScriptStack& script, Sample& sample) const {
    const Interpreter* interpreter = of(pid);
    const bool complete = sample.stop == StopReason::OUTERMOST;
    const auto runs = [&](const UserFrame& native) { return runs_scripts(interpreter, native); };
    MergedStack merged = merge_stacks(sample.user, complete, script, runs);
    sample.user = std::move(merged.frames);
    sample.script_stop = merged.stop;
    const bool ran = std::any_of(sample.user.begin(), sample.user.end(), runs);
    if (merged.stop != ScriptStop::NONE || !ran) return;
    // The kernel side knew of no interpreter.
    const bool knows_why = interpreter != nullptr && interpreter->problem() != ScriptStop::COMPLETE;
    sample.script_stop = knows_why ? interpreter->problem() : ScriptStop::NOT_KNOWN_YET;
}

}  // namespace footfall
