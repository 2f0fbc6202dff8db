#include "symbolizer/unwind/file_blocks.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace footfall {
namespace {

bool read_exactly(int fd, std::uint64_t offset, std::uint8_t* into, std::size_t size) {
    while (size > 0) {
        const ssize_t count = pread(fd, into, size, static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        into += count;
        offset += static_cast<std::uint64_t>(count);
        size -= static_cast<std::size_t>(count);
    }
    return true;
}

}  // namespace

FileBlocks::FileBlocks(int fd, std::uint64_t size)
    : fd_(fd),
      size_(size),
      blocks_left_(kMaxReads * (size / kBlockBytes + 1)),
      bytes_(std::min<std::uint64_t>(kBlocks, size / kBlockBytes + 1) * kBlockBytes) {
    held_.fill(kNone);
}

std::uint64_t FileBlocks::append(std::vector<std::uint8_t> bytes) {
    appended_ = std::move(bytes);
    return size_;
}

bool FileBlocks::read(std::uint64_t offset, void* into, std::size_t size) {
    if (offset >= size_ && !appended_.empty()) {
        const std::uint64_t skipped = offset - size_;
        if (skipped > appended_.size() || size > appended_.size() - skipped) return false;
        std::memcpy(into, appended_.data() + skipped, size);
        return true;
    }
    if (offset > size_ || size > size_ - offset) return false;
    auto* to = static_cast<std::uint8_t*>(into);
    while (size > 0) {
        const std::uint8_t* from = block(offset / kBlockBytes);
        if (from == nullptr) return false;
        const auto skipped = static_cast<std::size_t>(offset % kBlockBytes);
        const std::size_t count = std::min(size, kBlockBytes - skipped);
        std::memcpy(to, from + skipped, count);
        to += count;
        offset += count;
        size -= count;
    }
    return true;
}

const std::uint8_t* FileBlocks::block(std::uint64_t number) {
    const auto slot = static_cast<std::size_t>(number % kBlocks);
    std::uint8_t* bytes = bytes_.data() + slot * kBlockBytes;
    if (held_[slot] == number) return bytes;
    held_[slot] = kNone;
    const std::uint64_t offset = number * kBlockBytes;
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(kBlockBytes, size_ - offset));
    if (blocks_left_ == 0 || !read_exactly(fd_, offset, bytes, size)) {
        gave_up_ = true;
        return nullptr;
    }
    --blocks_left_;
    held_[slot] = number;
    return bytes;
}

}  // namespace footfall
