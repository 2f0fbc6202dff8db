#include "agent/interpreters/cpython.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <string_view>
#include <utility>

#include "symbolizer/interpreters/cpython/line_table.h"

namespace footfall {
namespace {

constexpr unsigned kMostLooks = 100;  // at an interpreter that lacks something
constexpr std::size_t kMostCodes = 16384;
constexpr std::size_t kMostLineBytes = std::size_t{8} << 20;

// "/usr/lib/libpython3.10.so.1.0", "/usr/bin/python3.10": 10
std::optional<unsigned> minor_in(std::string_view path) {
    constexpr std::string_view kPython = "python3.";
    const std::string_view file = path.substr(path.rfind('/') + 1);
    const std::size_t at = file.find(kPython);
    if (at == std::string_view::npos) return std::nullopt;
    const std::string_view digits = file.substr(at + kPython.size());
    unsigned minor = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), minor);
    if (error != std::errc() || end == digits.data()) return std::nullopt;
    return minor;
}

bool has_runtime(const CodeModule& module) { return module.description.runtime.find("_PyRuntime") != nullptr; }

// It is called as one, and has no symbols that tell.
bool is_named_like_one(const CodeModule& module) {
    const std::string_view file = std::string_view(module.path).substr(module.path.rfind('/') + 1);
    return (file.starts_with("libpython3.") || file.starts_with("python3.")) && minor_in(file).has_value();
}

using Mappings = std::vector<const PlacedMapping*>;

// One mapping of each module that is such.
template <typename Is>
Mappings modules_that(std::span<const PlacedMapping> placed, const CodeModules& modules, Is is) {
    Mappings found;
    for (const PlacedMapping& mapping : placed) {
        if (!modules.has(mapping.module) || !is(modules.at(mapping.module))) continue;
        const auto is_same = [&](const PlacedMapping* other) { return other->module == mapping.module; };
        if (std::none_of(found.begin(), found.end(), is_same)) found.push_back(&mapping);
    }
    return found;
}

}  // namespace

bool CpythonInterpreter::is_another_in(std::span<const PlacedMapping> placed, const CodeModules& modules) {
    return modules_that(placed, modules, has_runtime).size() > 1;
}

std::shared_ptr<CpythonInterpreter> CpythonInterpreter::in(Pid pid, const PlacedMapping& mapping,
                                                           const CodeModules& modules) {
    const CodeModule& module = modules.at(mapping.module);
    const auto address_of = [&](std::string_view name) {
        const RuntimeSymbol* symbol = module.description.runtime.find(name);
        return symbol == nullptr ? 0 : symbol->address + mapping.bias;
    };
    const CpythonSymbols symbols{address_of("_PyRuntime"), address_of("PyCode_Type"), address_of("Py_Version")};
    std::shared_ptr<CpythonInterpreter> interpreter(
        new CpythonInterpreter(pid, mapping.module, symbols, minor_in(module.path)));
    if (module.description.runtime.script_code.empty()) {
        interpreter->problem_ = ScriptStop::NO_SYMBOLS;
    } else {
        interpreter->look();
    }
    return interpreter;
}

// A library may be loaded and never begun: then it is not in the way of the one that runs.
std::shared_ptr<Interpreter> CpythonInterpreter::find(Pid pid, std::span<const PlacedMapping> placed,
                                                      const CodeModules& modules) {
    Mappings found = modules_that(placed, modules, has_runtime);
    if (found.empty()) found = modules_that(placed, modules, is_named_like_one);
    if (found.empty()) return nullptr;
    std::vector<std::shared_ptr<CpythonInterpreter>> all;
    all.reserve(found.size());
    for (const PlacedMapping* mapping : found) all.push_back(in(pid, *mapping, modules));
    const auto runs = [](const auto& interpreter) { return interpreter->is_running(); };
    const auto running = std::find_if(all.begin(), all.end(), runs);
    if (running == all.end()) return all.front();
    if (std::count_if(all.begin(), all.end(), runs) > 1) {
        (*running)->problem_ = ScriptStop::SEVERAL;
        (*running)->layout_.reset();
    }
    return *running;
}

CpythonInterpreter::CpythonInterpreter(Pid pid, ModuleNumber module, const CpythonSymbols& symbols,
                                       std::optional<unsigned> file_minor)
    : memory_(pid), module_(module), symbols_(symbols), file_minor_(file_minor) {}

bool CpythonInterpreter::is_running() {
    if (!layout_) return false;
    const auto head = memory_.value<std::uint64_t>(layout_->frames.runtime + layout_->frames.interpreters_head);
    return head && *head != 0;
}

// Where it is not known what evaluates scripts, any of its code may.
bool CpythonInterpreter::runs_scripts(const UserFrame& native) const {
    return problem_ == ScriptStop::NO_SYMBOLS && native.module == module_;
}

void CpythonInterpreter::look() {
    ++looks_;
    auto layout = find_cpython_layout(memory_, symbols_, file_minor_);
    if (!layout) {
        problem_ = static_cast<ScriptStop>(layout.error());
        return;
    }
    problem_ = ScriptStop::COMPLETE;
    if (const auto slot = find_thread_slot(memory_, *layout)) layout->frames.thread_slot = *slot;
    layout_ = *layout;
    published_.runtime = FF_RUNTIME_CPYTHON;
    published_.cpython = layout_->frames;
}

// One that was just executed is not as it will be: the dynamic linker has addresses to fill in, and no thread runs Python.
bool CpythonInterpreter::refresh() {
    const bool settled = layout_ && layout_->frames.thread_slot != FF_CPYTHON_ABSENT;
    const bool hopeless = problem_ == ScriptStop::SEVERAL || problem_ == ScriptStop::NO_SYMBOLS;
    if (settled || hopeless || looks_ >= kMostLooks) return false;
    const std::uint16_t slot = layout_ ? layout_->frames.thread_slot : 0;
    look();
    return layout_ && layout_->frames.thread_slot != slot;
}

std::shared_ptr<Interpreter> CpythonInterpreter::of_child(Pid child) const {
    std::shared_ptr<CpythonInterpreter> copy(new CpythonInterpreter(*this));
    copy->memory_ = ProcessMemory(child);
    return copy;
}

CpythonInterpreter::Codes& CpythonInterpreter::own_codes() {
    if (codes_.use_count() > 1) codes_ = std::make_shared<Codes>(*codes_);
    return *codes_;
}

const CpythonInterpreter::Named& CpythonInterpreter::code_of(const RawScriptFrame& frame, ScriptFunctions& functions) {
    static const Named kNobody;
    const auto known = codes_->by_address.find(frame.function);
    if (known != codes_->by_address.end() && known->second.check == frame.check) return known->second;
    auto code = read_python_code(memory_, *layout_, frame.function, frame.check);
    if (!code) return kNobody;
    Codes& codes = own_codes();
    if (codes.by_address.size() >= kMostCodes || codes.line_bytes > kMostLineBytes) codes = {};
    codes.line_bytes += code->lines.size();
    const ScriptFunctionId function = functions.of({Runtime::kCpython, std::move(code->name), std::move(code->file)});
    return codes.by_address[frame.function] = {frame.check, function, code->first_line, std::move(code->lines)};
}

std::vector<ScriptFrame> CpythonInterpreter::name(const ScriptFrameList& frames, ScriptFunctions& functions) {
    std::vector<ScriptFrame> named;
    named.reserve(frames.size());
    for (std::size_t i = 0; i < frames.size(); ++i) {
        const RawScriptFrame raw = frames[i];
        ScriptFrame frame{.entry = raw.entry, .absent = raw.function == 0};
        const Named* code = frame.absent || !layout_ ? nullptr : &code_of(raw, functions);
        const bool is_known = code != nullptr && number(code->function) != 0;
        const auto line = is_known ? line_at(layout_->lines, code->lines, code->first_line, raw.position) : std::nullopt;
        const ScriptFunctionId function = is_known ? code->function : functions.of({Runtime::kCpython, {}, {}});
        frame.frame = UserFrame::of_script(function, line.value_or(0));
        named.push_back(frame);
    }
    return named;
}

}  // namespace footfall
