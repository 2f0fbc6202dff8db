// Reads a file at any offset through a fixed amount of memory (at most 1 MiB): a cache of blocks, each read with pread().
// Unlike a mapping it can't fault when the file shrinks while it is read.
//
// Borrows the file descriptor. One thread. Reading is bounded too: a file whose contents lead to and fro is read no more
// than 16 times over. A read that fails within the size that was stated, or for that reason, stays known in gave_up().
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace footfall {

class FileBlocks {
public:
    static constexpr std::size_t kMaxBytes = std::size_t{1} << 20;  // of the cache

    FileBlocks(int fd, std::uint64_t size);

    // Copies size bytes from offset on. False, with `into` undefined, if they are not all there.
    bool read(std::uint64_t offset, void* into, std::size_t size);

    // Lets bytes that were made of the file's own be read as if they stood at its end. Returns their offset. Once.
    std::uint64_t append(std::vector<std::uint8_t> bytes);

    // The bound on reading begins anew: for files that are asked again and again.
    void start_over() { blocks_left_ = kMaxReads * (size_ / kBlockBytes + 1); }

    // What was appended included.
    [[nodiscard]] std::uint64_t size() const { return size_ + appended_.size(); }
    [[nodiscard]] bool gave_up() const { return gave_up_; }

private:
    static constexpr std::size_t kBlockBytes = std::size_t{16} << 10;
    static constexpr std::size_t kBlocks = kMaxBytes / kBlockBytes;
    static constexpr std::uint64_t kMaxReads = 16;
    static constexpr std::uint64_t kNone = ~std::uint64_t{0};

    // The block with that number, or nullptr if it can't be read to the end of the file.
    const std::uint8_t* block(std::uint64_t number);

    int fd_;
    std::uint64_t size_;
    std::uint64_t blocks_left_;
    bool gave_up_ = false;
    std::array<std::uint64_t, kBlocks> held_{};  // the number of the block in each slot
    std::vector<std::uint8_t> bytes_;
    std::vector<std::uint8_t> appended_;
};

}  // namespace footfall
