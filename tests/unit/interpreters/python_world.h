// A little CPython 3.11 in fake memory: a type of code objects, and code objects.
#pragma once

#include <string>
#include <string_view>

#include "bpf/unwind/cpython_check.h"
#include "symbolizer/interpreters/cpython/layout.h"
#include "tests/unit/interpreters/fake_memory.h"

namespace footfall {

class PythonWorld {
public:
    static constexpr CpythonSymbols kSymbols{0x100000, 0x200000, 0x300000};

    PythonWorld() {
        memory.put_zeros(kSymbols.runtime, 0x400);
        memory.put_zeros(kSymbols.code_type, 64);
        memory.put<std::uint64_t>(kSymbols.code_type + 8, 0x201000);
        memory.put<std::uint64_t>(kSymbols.code_type + 24, 0x210000);
        memory.put_bytes(0x210000, std::string_view("code\0", 5));
        memory.put<std::uint64_t>(kSymbols.code_type + 32, 184);
        memory.put<std::uint32_t>(kSymbols.version, 0x030b02f0);
    }

    // width: bytes of a character; text: as it lies in memory, with as many characters as fit.
    std::uint64_t add_text(std::string_view text, unsigned width = 1, bool ascii = true) {
        const std::uint64_t at = take(96 + text.size());
        memory.put<std::uint64_t>(at + 16, text.size() / width);
        memory.put<std::uint32_t>(at + 32, width << 2U | 1U << 5U | (ascii ? 1U << 6U : 0));
        memory.put_bytes(at + (ascii ? 48 : 72), text);
        return at;
    }
    std::uint64_t add_bytes(std::string_view bytes) {
        const std::uint64_t at = take(48 + bytes.size());
        memory.put<std::uint64_t>(at + 16, bytes.size());
        memory.put_bytes(at + 32, bytes);
        return at;
    }
    std::uint64_t add_code(std::uint64_t qualified_name, std::uint64_t file, std::uint32_t first_line) {
        const std::uint64_t at = take(200);
        memory.put(at + 8, kSymbols.code_type);
        memory.put(at + 72, first_line);
        memory.put(at + 112, file);
        memory.put(at + 120, qualified_name);
        memory.put(at + 128, qualified_name);
        memory.put(at + 136, add_bytes(std::string_view("\x80\x00", 2)));
        return at;
    }
    std::uint32_t check_of(const CpythonLayout& layout, std::uint64_t code) {
        __u64 words[32] = {};
        memory.read(code, std::as_writable_bytes(std::span(words)).first(FF_CPYTHON_CODE_BYTES));
        const auto name = ff_cpython_code_word(words, layout.frames.code_name);
        return ff_cpython_check(words, memory.value<std::uint64_t>(name + layout.frames.name_hash).value_or(0),
                                &layout.frames);
    }

    FakeMemory memory;

private:
    std::uint64_t take(std::size_t size) {
        const std::uint64_t at = next_;
        next_ += (size + 63) / 64 * 64;
        memory.put_zeros(at, next_ - at);
        return at;
    }

    std::uint64_t next_ = 0x400000;
};

}  // namespace footfall
