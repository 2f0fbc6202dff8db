// HotSpot in a process, the virtual machine of OpenJDK and its like: found by the tables that libjvm exports, read by what
// they say. Its frames are found by the walk over the native stack, which needs to know of its code.
//
// What a frame turned out to be is kept, so that each is read once. Thread: the one that owns the pipeline's state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "agent/base/clock.h"
#include "agent/interpreters/interpreter.h"
#include "agent/interpreters/process_memory.h"
#include "agent/stacks/modules.h"
#include "bpf/contract/script_frames.h"
#include "symbolizer/interpreters/hotspot/code_names.h"
#include "symbolizer/interpreters/hotspot/layout.h"
#include "symbolizer/unwind/native_unwinder.h"

namespace footfall {

class HotspotInterpreter final : public Interpreter {
public:
    // Null: the process maps none. One that can't be read is found, too: problem() says why.
    static std::shared_ptr<Interpreter> find(Pid pid, std::span<const PlacedMapping> placed, const CodeModules& modules);
    // How many the process maps.
    static std::size_t count_in(std::span<const PlacedMapping> placed, const CodeModules& modules);

    [[nodiscard]] Runtime runtime() const override { return Runtime::kHotspot; }
    [[nodiscard]] const ff_interpreter* layout() const override { return vm_ ? &published_ : nullptr; }
    [[nodiscard]] ScriptStop problem() const override { return problem_; }
    bool refresh() override;
    [[nodiscard]] std::shared_ptr<Interpreter> of_child(Pid child) const override;
    [[nodiscard]] bool runs_scripts(const UserFrame& native) const override;
    [[nodiscard]] const HotspotProcess* code() const override { return vm_ ? &code_ : nullptr; }
    std::vector<ScriptFrame> name(const ScriptFrameList& frames, ScriptFunctions& functions) override;

private:
    struct Hash {
        std::size_t operator()(const HotspotFrame& frame) const;
    };
    // A frame's methods, the innermost first, which was inlined into the next.
    using Names = std::unordered_map<HotspotFrame, std::vector<UserFrame>, Hash>;

    HotspotInterpreter(Pid pid, std::uint64_t libjvm);
    HotspotInterpreter(const HotspotInterpreter& other, Pid pid);
    void look();
    const std::vector<UserFrame>& named(const HotspotFrame& frame, ScriptFunctions& functions);

    ProcessMemory memory_;
    std::uint64_t libjvm_;
    ScriptStop problem_ = ScriptStop::COMPLETE;
    std::optional<Hotspot> vm_;
    HotspotProcess code_;
    ff_interpreter published_{};
    unsigned looks_ = 0;
    Names lasting_;  // of compiled methods, since no other will have the compile id
    Names passing_;  // for a while only: another method may come to lie where one was
    MonotonicTime passing_since_;
};

}  // namespace footfall
