// What an ELF file has at addresses of memory, as the file has it.
//
// The kernel puts the breakpoints of uprobes into every private mapping of a file, also into one that is only read, as
// libelf's is: while anybody probes the file, that shows int3 where instructions are. A shared mapping is left alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "symbolizer/elf/elf_file.h"

namespace footfall {

// A whole file in memory, without breakpoints.
class SharedMapping {
public:
    explicit SharedMapping(int fd);
    ~SharedMapping();
    SharedMapping(const SharedMapping&) = delete;
    SharedMapping& operator=(const SharedMapping&) = delete;

    // Empty where the file can't be mapped.
    [[nodiscard]] std::string_view bytes() const { return {static_cast<const char*>(start_), size_}; }

private:
    void* start_ = nullptr;
    std::size_t size_ = 0;
};

class LoadedBytes {
public:
    // bytes: all of the file; they must outlive this.
    LoadedBytes(const ElfFile& file, std::string_view bytes);

    // Where in the file; nothing if no segment with these flags (PF_X), and without those, has the address.
    [[nodiscard]] std::optional<std::uint64_t> offset_of(std::uint64_t address, std::uint32_t with = 0,
                                                         std::uint32_t without = 0) const;
    // From an offset in the file on, at most so many.
    [[nodiscard]] std::span<const std::uint8_t> at(std::uint64_t offset, std::uint64_t most) const;

private:
    std::string_view bytes_;
    std::vector<GElf_Phdr> segments_;
};

}  // namespace footfall
