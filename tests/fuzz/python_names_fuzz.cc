// What is read of a Python process to name its functions: the whole memory is the fuzzer's. The first byte says which
// version it is, the next eight where the code object lies; the rest of the input is memory from address 0 on, over and over
// again, so that most pointers lead somewhere.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <span>

#include "bpf/unwind/cpython_check.h"
#include "symbolizer/interpreters/cpython/code_object.h"
#include "symbolizer/interpreters/cpython/line_table.h"

namespace {

class Memory final : public footfall::MemoryReader {
public:
    explicit Memory(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

    bool read(std::uint64_t address, std::span<std::byte> into) override {
        constexpr std::uint64_t kEnd = std::uint64_t{1} << 32;  // above, nothing is mapped
        constexpr std::size_t kMostReads = 100'000;
        if (address >= kEnd || into.size() > kEnd - address) return false;
        if (++reads_ > kMostReads) abort();
        for (std::size_t i = 0; i < into.size(); ++i)
            into[i] = static_cast<std::byte>(bytes_[(address + i) % bytes_.size()]);
        return true;
    }

private:
    std::span<const std::uint8_t> bytes_;
    std::size_t reads_ = 0;
};

void name_function(Memory& memory, const footfall::CpythonLayout& layout, std::uint64_t address) {
    __u64 words[32] = {};
    if (!memory.read(address, std::as_writable_bytes(std::span(words)).first(FF_CPYTHON_CODE_BYTES))) return;
    footfall::CpythonLayout meant = layout;
    meant.frames.code_type = words[1];
    const std::uint64_t name = ff_cpython_code_word(words, meant.frames.code_name);
    const bool has_hash = meant.frames.name_hash != FF_CPYTHON_ABSENT;
    const auto hash =
        has_hash ? memory.value<std::uint64_t>(name + meant.frames.name_hash) : std::optional<std::uint64_t>(0);
    const std::uint32_t check = ff_cpython_check(words, hash.value_or(0), &meant.frames);
    const auto code = footfall::read_python_code(memory, meant, address, check);
    if (!code) return;
    constexpr std::size_t kMostBytesOfCharacter = 4;
    if (code->name.empty() || code->name.size() > footfall::kMostPythonText * kMostBytesOfCharacter) abort();
    if (code->lines.size() > footfall::kMostPythonLineTable) abort();
    for (const std::uint32_t position : {0U, 2U, 77U, 5000U}) {
        const auto line = footfall::line_at(meant.lines, code->lines, code->first_line, position);
        if (line && *line == 0) abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t kHead = 9;
    constexpr unsigned kOldest = 9;
    constexpr unsigned kVersions = 4;
    if (size <= kHead) return 0;
    Memory memory({data + kHead, size - kHead});
    std::uint64_t address = 0;
    std::memcpy(&address, data + 1, sizeof address);
    // As it is found in a process, and, since few inputs pass as one, as if it had been found.
    const footfall::CpythonSymbols symbols{address, address + 8, data[0] % 2 == 0 ? 0 : address + 16};
    auto found = footfall::find_cpython_layout(memory, symbols, kOldest + data[0] % kVersions);
    if (found) {
        footfall::find_thread_slot(memory, *found);
        name_function(memory, *found, address);
    }
    if (const auto table = footfall::cpython_table(kOldest + data[0] % kVersions)) name_function(memory, *table, address);
    return 0;
}
