// One runtime in one process: what its frames are read by, which native frames stand for them, and what they are called.
// Thread: the one that owns the pipeline's state.
//
// A new runtime: its enum ff_runtime and layout in bpf/contract/script_frames.h, its walk in bpf/unwind and
// bpf/lib/script.h, its symbols in symbolizer/interpreters/runtime_symbols.cc, its Runtime in pipeline/stages.h, and a class
// like cpython.h, found in interpreters.cc.
#pragma once

#include <memory>
#include <vector>

#include "agent/interpreters/script_functions.h"
#include "agent/interpreters/script_stack.h"
#include "agent/pipeline/stages.h"

struct ff_interpreter;

namespace footfall {

struct HotspotProcess;

class Interpreter {
public:
    virtual ~Interpreter() = default;

    [[nodiscard]] virtual Runtime runtime() const = 0;
    // What the kernel side reads frames by. Null: it can't, and problem() says why.
    [[nodiscard]] virtual const ff_interpreter* layout() const = 0;
    [[nodiscard]] virtual ScriptStop problem() const = 0;
    // Looks at the process once more, where that may help: what was not there may have come. True: layout() has changed.
    virtual bool refresh() = 0;
    // The same in a child, which has all of this at the same addresses.
    [[nodiscard]] virtual std::shared_ptr<Interpreter> of_child(Pid child) const = 0;

    // A native frame of this process that stands for script frames.
    [[nodiscard]] virtual bool runs_scripts(const UserFrame& native) const = 0;
    // What the walk over a copy of the native stack has to know, where the runtime makes native code. Null: nothing.
    [[nodiscard]] virtual const HotspotProcess* code() const { return nullptr; }
    // Innermost first. Reads the process's memory, which may be gone: then functions have no name.
    virtual std::vector<ScriptFrame> name(const ScriptFrameList& frames, ScriptFunctions& functions) = 0;
};

}  // namespace footfall
