// Where a function begins and ends that no symbol names, by its module's .eh_frame.
//
// Borrows the file descriptor. The file is not trusted. One thread. Memory: as FileBlocks and FdeList say.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "symbolizer/unwind/fde_list.h"
#include "symbolizer/unwind/file_blocks.h"
#include "symbolizer/unwind/frame_entries.h"
#include "symbolizer/unwind/unwind_sections.h"

namespace footfall {

class FunctionBounds {
public:
    // nullptr where the file has no .eh_frame that can be read.
    static std::unique_ptr<FunctionBounds> open(int fd);

    // The function around an address; nullopt where none is described. A part of a function that the compiler has put
    // elsewhere (.cold) is one of its own.
    std::optional<AddressRange> find(std::uint64_t address);

    // Of what is kept, at most.
    [[nodiscard]] std::size_t bytes() const { return FileBlocks::kMaxBytes + list_->bytes(); }

private:
    FunctionBounds(int fd, std::uint64_t size) : file_(fd, size) {}
    bool read();

    FileBlocks file_;
    std::optional<FrameEntries> entries_;
    std::unique_ptr<FdeList> list_;
};

}  // namespace footfall
