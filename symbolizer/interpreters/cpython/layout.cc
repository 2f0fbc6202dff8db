#include "symbolizer/interpreters/cpython/layout.h"

#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "bpf/unwind/cpython_check.h"

namespace footfall {
namespace {

constexpr unsigned kOldest = 9;
constexpr unsigned kNewest = 13;

// PyObject and PyTypeObject, the same in all of these versions unless they were built with Py_TRACE_REFS or without the GIL.
constexpr std::uint64_t kObjectType = 8;
constexpr std::uint64_t kTypeName = 24;
constexpr std::uint64_t kTypeBasicSize = 32;
constexpr std::uint16_t kTextHash = 24;  // PyASCIIObject.hash
constexpr std::uint8_t kAllWords = FF_CPYTHON_CODE_BYTES / sizeof(std::uint64_t);
constexpr std::uint64_t kThreadInterpreter = 16;  // PyThreadState.interp

// struct pthread of glibc 2.x on x86-64 (nptl/descr.h): its first block of thread-specific data, {sequence, value} for each
// of the first 32 keys.
constexpr std::uint16_t kThreadSpecific = 0x310;
constexpr std::uint16_t kKeys = 32;
constexpr std::uint16_t kKeyBytes = 16;

ff_cpython up_to_3_10() {
    ff_cpython c{};
    c.interpreters_head = 32;
    c.interpreter_next = 0;
    c.interpreter_threads = 8;
    c.thread_next = 8;
    c.thread_id = 176;
    c.thread_frame = 24;
    c.cframe_frame = FF_CPYTHON_ABSENT;
    c.frames = FF_CPYTHON_FRAME_OBJECTS;
    c.frame_previous = 24;
    c.frame_code = 32;
    c.check_words = 16;  // the next ones are a frame that is kept, and weak references
    c.name_hash = kTextHash;
    c.code_first_line = 40;
    c.code_file = 104;
    c.code_name = 112;
    c.code_lines = 120;
    return c;
}

CpythonLayout layout_3_9() {
    CpythonLayout layout{
        .minor = 9, .frames = up_to_3_10(), .lines = CpythonLines::kLnotab, .ascii_text = 48, .other_text = 72};
    layout.frames.frame_position = 104;
    layout.frames.position_unit = 1;
    return layout;
}

CpythonLayout layout_3_10() {
    CpythonLayout layout{
        .minor = 10, .frames = up_to_3_10(), .lines = CpythonLines::kLineTable, .ascii_text = 48, .other_text = 72};
    layout.frames.frame_position = 96;
    layout.frames.position_unit = 2;
    return layout;
}

CpythonLayout layout_3_11() {
    CpythonLayout layout{.minor = 11, .code_qualified_name = 128, .ascii_text = 48, .other_text = 72};
    ff_cpython& c = layout.frames;
    c.interpreters_head = 40;
    c.interpreter_next = 0;
    c.interpreter_threads = 16;
    c.thread_next = 8;
    c.thread_id = 152;
    c.thread_frame = 56;
    c.cframe_frame = 8;
    c.frames = FF_CPYTHON_IS_ENTRY;
    c.frame_code = 32;
    c.frame_previous = 48;
    c.frame_position = 56;
    c.frame_entry = 68;
    c.check_words = kAllWords;
    c.check_half = 6;  // co_flags; co_warmup changes
    c.name_hash = kTextHash;
    c.code_first_line = 72;
    c.code_file = 112;
    c.code_name = 120;
    c.code_lines = 136;
    c.code_begin = 184;
    return layout;
}

CpythonLayout layout_3_12() {
    CpythonLayout layout{.minor = 12, .code_qualified_name = 128, .ascii_text = 40, .other_text = 56};
    ff_cpython& c = layout.frames;
    c.interpreters_head = 40;
    c.interpreter_next = 0;
    c.interpreter_threads = 72;
    c.thread_next = 8;
    c.thread_id = 136;
    c.thread_frame = 56;
    c.cframe_frame = 0;
    c.frames = FF_CPYTHON_OWNER;
    c.owner_cstack = 3;
    c.frame_code = 0;
    c.frame_previous = 8;
    c.frame_position = 56;
    c.frame_entry = 70;
    c.check_words = kAllWords;  // with co_version
    c.name_hash = FF_CPYTHON_ABSENT;
    c.code_first_line = 68;
    c.code_file = 112;
    c.code_name = 120;
    c.code_lines = 136;
    c.code_begin = 192;
    return layout;
}

// _Py_DebugOffsets of 3.13, as far as it is needed.
struct DebugOffsets {
    char cookie[8];
    std::uint64_t version;
    std::uint64_t free_threaded;
    struct {
        std::uint64_t size, finalizing, interpreters_head;
    } runtime;
    struct {
        std::uint64_t size, id, next, threads_head, gc, imports_modules, sysdict, builtins, ceval_gil, gil_runtime_state,
            gil_enabled, gil_locked, gil_holder;
    } interpreter;
    struct {
        std::uint64_t size, prev, next, interp, current_frame, thread_id, native_thread_id, datastack_chunk, status;
    } thread;
    struct {
        std::uint64_t size, previous, executable, instr_ptr, localsplus, owner;
    } frame;
    struct {
        std::uint64_t size, filename, name, qualname, linetable, firstlineno, argcount, localsplusnames, localspluskinds,
            code_adaptive;
    } code;
};

bool has_cookie(const DebugOffsets& offsets) {
    return std::string_view(offsets.cookie, sizeof offsets.cookie) == "xdebugpy";
}

// The structures may be as the version has them; nothing where they are not.
std::optional<CpythonLayout> layout_of(const DebugOffsets& said) {
    constexpr std::uint64_t kMost = FF_CPYTHON_ABSENT;
    constexpr std::uint64_t kFrame = 64;  // the last word of a frame that is read
    const auto& code = said.code;
    for (const std::uint64_t offset : {said.runtime.interpreters_head, said.interpreter.next, said.thread.next,
                                       said.thread.thread_id, said.thread.current_frame, code.code_adaptive}) {
        if (offset >= kMost) return std::nullopt;
    }
    for (const std::uint64_t offset :
         {said.frame.previous, said.frame.executable, said.frame.instr_ptr, said.frame.owner & ~std::uint64_t{7}}) {
        if (offset > kFrame || offset % 8 != 0) return std::nullopt;
    }
    for (const std::uint64_t offset : {code.filename, code.name, code.qualname, code.linetable}) {
        if (offset > 136 || offset % 8 != 0) return std::nullopt;
    }
    if (code.firstlineno > 136 || said.interpreter.threads_head > UINT32_MAX) return std::nullopt;
    CpythonLayout layout = layout_3_12();
    layout.minor = 13;
    layout.code_qualified_name = static_cast<std::uint16_t>(code.qualname);
    ff_cpython& c = layout.frames;
    c.interpreters_head = static_cast<std::uint16_t>(said.runtime.interpreters_head);
    c.interpreter_next = static_cast<std::uint16_t>(said.interpreter.next);
    c.interpreter_threads = static_cast<std::uint32_t>(said.interpreter.threads_head);
    c.thread_next = static_cast<std::uint16_t>(said.thread.next);
    c.thread_id = static_cast<std::uint16_t>(said.thread.thread_id);
    c.thread_frame = static_cast<std::uint16_t>(said.thread.current_frame);
    c.cframe_frame = FF_CPYTHON_ABSENT;
    c.frame_code = static_cast<std::uint16_t>(said.frame.executable);
    c.frame_previous = static_cast<std::uint16_t>(said.frame.previous);
    c.frame_position = static_cast<std::uint16_t>(said.frame.instr_ptr);
    c.frame_entry = static_cast<std::uint16_t>(said.frame.owner);
    c.code_first_line = static_cast<std::uint16_t>(code.firstlineno);
    c.code_file = static_cast<std::uint16_t>(code.filename);
    c.code_name = static_cast<std::uint16_t>(code.name);
    c.code_lines = static_cast<std::uint16_t>(code.linetable);
    c.code_begin = static_cast<std::uint16_t>(code.code_adaptive);
    return layout;
}

std::optional<unsigned> minor_of(std::uint64_t version_hex) {
    // PY_VERSION_HEX: major, minor, micro, level and serial (Include/patchlevel.h)
    if (version_hex >> 24U != 3) return std::nullopt;
    return static_cast<unsigned>(version_hex >> 16U & 0xffU);
}

bool is_text(MemoryReader& memory, std::uint64_t address, std::string_view text) {
    std::array<char, 8> read{};
    const std::size_t size = text.size() + 1;
    return memory.read(address, std::as_writable_bytes(std::span(read).first(size))) &&
           std::string_view(read.data(), size) == std::string_view(text.data(), size);
}

// The type of functions' code is what it is taken for, and its objects are as large as the layout says.
std::optional<ff_script_stop> problem_of_code_type(MemoryReader& memory, const CpythonLayout& layout) {
    constexpr std::uint64_t kFixedCode = 176;  // sizeof(PyCodeObject), up to 3.10
    const std::uint64_t type = layout.frames.code_type;
    const auto type_of_it = memory.value<std::uint64_t>(type + kObjectType);
    const auto name = memory.value<std::uint64_t>(type + kTypeName);
    const auto size = memory.value<std::uint64_t>(type + kTypeBasicSize);
    if (!type_of_it || !name || !size) return FF_SCRIPT_UNREADABLE;
    if (*name == 0) return FF_SCRIPT_NOT_INITIALIZED;
    if (!is_text(memory, *name, "code")) return FF_SCRIPT_UNSUPPORTED_BUILD;
    const std::uint64_t expected = layout.frames.code_begin != 0 ? layout.frames.code_begin : kFixedCode;
    if (*size != expected) return FF_SCRIPT_UNSUPPORTED_BUILD;
    return std::nullopt;
}

// The first interpreter's first thread knows its interpreter. Where there is none yet, there is nothing to compare.
bool has_sound_threads(MemoryReader& memory, const CpythonLayout& layout) {
    const ff_cpython& c = layout.frames;
    const auto head = memory.value<std::uint64_t>(c.runtime + c.interpreters_head);
    if (!head || *head == 0) return head.has_value();
    const auto thread = memory.value<std::uint64_t>(*head + c.interpreter_threads);
    if (!thread || *thread == 0) return thread.has_value();
    const auto interpreter = memory.value<std::uint64_t>(*thread + kThreadInterpreter);
    return interpreter && *interpreter == *head;
}

tl::expected<CpythonLayout, ff_script_stop> layout_of_version(unsigned minor, const DebugOffsets& said) {
    if (const auto table = cpython_table(minor)) return *table;
    if (!has_cookie(said)) return tl::unexpected(FF_SCRIPT_UNSUPPORTED_BUILD);
    const auto layout = said.free_threaded == 0 ? layout_of(said) : std::nullopt;
    if (!layout) return tl::unexpected(FF_SCRIPT_UNSUPPORTED_BUILD);
    return *layout;
}

}  // namespace

std::optional<CpythonLayout> cpython_table(unsigned minor) {
    switch (minor) {
        case 9:
            return layout_3_9();
        case 10:
            return layout_3_10();
        case 11:
            return layout_3_11();
        case 12:
            return layout_3_12();
        default:
            return std::nullopt;
    }
}

tl::expected<CpythonLayout, ff_script_stop> find_cpython_layout(MemoryReader& memory, const CpythonSymbols& symbols,
                                                                std::optional<unsigned> file_minor) {
    if (symbols.runtime == 0 || symbols.code_type == 0) return tl::unexpected(FF_SCRIPT_NO_SYMBOLS);
    const auto said = memory.value<DebugOffsets>(symbols.runtime);
    if (!said) return tl::unexpected(FF_SCRIPT_UNREADABLE);
    std::optional<unsigned> minor = file_minor;
    if (has_cookie(*said)) {
        minor = minor_of(said->version);
    } else if (symbols.version != 0) {
        const auto version = memory.value<std::uint32_t>(symbols.version);
        if (!version) return tl::unexpected(FF_SCRIPT_UNREADABLE);
        minor = minor_of(*version);
    }
    if (!minor || *minor < kOldest || *minor > kNewest) return tl::unexpected(FF_SCRIPT_UNKNOWN_VERSION);
    auto layout = layout_of_version(*minor, *said);
    if (!layout) return layout;
    layout->frames.runtime = symbols.runtime;
    layout->frames.code_type = symbols.code_type;
    layout->frames.thread_slot = FF_CPYTHON_ABSENT;
    if (const auto problem = problem_of_code_type(memory, *layout)) return tl::unexpected(*problem);
    if (!has_sound_threads(memory, *layout)) return tl::unexpected(FF_SCRIPT_UNSUPPORTED_BUILD);
    return layout;
}

std::optional<std::uint16_t> find_thread_slot(MemoryReader& memory, const CpythonLayout& layout) {
    const ff_cpython& c = layout.frames;
    const auto head = memory.value<std::uint64_t>(c.runtime + c.interpreters_head);
    const auto thread = head && *head != 0 ? memory.value<std::uint64_t>(*head + c.interpreter_threads) : std::nullopt;
    const auto self = thread && *thread != 0 ? memory.value<std::uint64_t>(*thread + c.thread_id) : std::nullopt;
    if (!self || *self == 0) return std::nullopt;
    for (std::uint16_t key = 0; key < kKeys; ++key) {
        const auto slot = static_cast<std::uint16_t>(kThreadSpecific + key * kKeyBytes + sizeof(std::uint64_t));
        const auto value = memory.value<std::uint64_t>(*self + slot);
        if (!value) return std::nullopt;
        if (*value == *thread) return slot;
    }
    return std::nullopt;
}

}  // namespace footfall
