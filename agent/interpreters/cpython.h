// CPython in a process: found by the symbols of what is mapped there, read by its own structures.
//
// What a code object says is kept by its address and what tells it from others, so that each is read once. Thread: the one
// that owns the pipeline's state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/interpreters/interpreter.h"
#include "agent/interpreters/process_memory.h"
#include "agent/stacks/modules.h"
#include "bpf/contract/script_frames.h"
#include "symbolizer/interpreters/cpython/code_object.h"
#include "symbolizer/interpreters/cpython/layout.h"

namespace footfall {

class CpythonInterpreter final : public Interpreter {
public:
    // Null: the process maps none. One that can't be read is found, too: problem() says why.
    static std::shared_ptr<Interpreter> find(Pid pid, std::span<const PlacedMapping> placed, const CodeModules& modules);
    // More than one module has one.
    static bool is_another_in(std::span<const PlacedMapping> placed, const CodeModules& modules);

    [[nodiscard]] Runtime runtime() const override { return Runtime::kCpython; }
    [[nodiscard]] const ff_interpreter* layout() const override { return layout_ ? &published_ : nullptr; }
    [[nodiscard]] ScriptStop problem() const override { return problem_; }
    bool refresh() override;
    [[nodiscard]] std::shared_ptr<Interpreter> of_child(Pid child) const override;
    // Beside what the symbols of its module say.
    [[nodiscard]] bool runs_scripts(const UserFrame& native) const override;
    std::vector<ScriptFrame> name(const ScriptFrameList& frames, ScriptFunctions& functions) override;

private:
    struct Named {
        std::uint32_t check = 0;
        ScriptFunctionId function{};
        std::uint32_t first_line = 0;
        std::vector<std::byte> lines;
    };

    struct Codes {
        std::unordered_map<std::uint64_t, Named> by_address;
        std::size_t line_bytes = 0;
    };

    CpythonInterpreter(Pid pid, ModuleNumber module, const CpythonSymbols& symbols, std::optional<unsigned> file_minor);
    static std::shared_ptr<CpythonInterpreter> in(Pid pid, const PlacedMapping& mapping, const CodeModules& modules);
    void look();
    bool is_running();
    Codes& own_codes();
    const Named& code_of(const RawScriptFrame& frame, ScriptFunctions& functions);

    ProcessMemory memory_;
    ModuleNumber module_;
    CpythonSymbols symbols_;
    std::optional<unsigned> file_minor_;
    ScriptStop problem_ = ScriptStop::COMPLETE;
    std::optional<CpythonLayout> layout_;
    ff_interpreter published_{};
    unsigned looks_ = 0;
    std::shared_ptr<Codes> codes_ = std::make_shared<Codes>();  // children have the same, until one of them learns more
};

}  // namespace footfall
