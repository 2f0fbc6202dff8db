// Any bytes as a raw file: the reader must neither crash nor run on, and what it gives must be records that lie in its
// buffer. The checksums would stop nearly every input at its first block, so they are set right before: what is tested is
// what stands behind them.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "agent/session/raw_checksums.h"
#include "agent/session/raw_reader.h"

namespace footfall {
namespace {

void mend_file_header(std::string& file) {
    RawFileHeader header;
    if (file.size() < sizeof(header)) return;
    std::memcpy(&header, file.data(), sizeof(header));
    if (header.body_bytes > file.size() - sizeof(header)) return;
    header.checksum = header_checksum(header, std::string_view(file).substr(sizeof(header), header.body_bytes));
    std::memcpy(file.data(), &header, sizeof(header));
}

// Returns where the next block begins.
std::size_t mend_block(std::string& file, std::size_t at) {
    RawBlockHeader block;
    std::memcpy(&block, file.data() + at, sizeof(block));
    const std::size_t payload = at + sizeof(block);
    const std::size_t there = std::min<std::size_t>(block.stored_bytes, file.size() - payload);
    block.payload_checksum = payload_checksum(std::string_view(file).substr(payload, there));
    block.header_checksum = header_checksum(block);
    std::memcpy(file.data() + at, &block, sizeof(block));
    return payload + there;
}

void mend(std::string& file) {
    mend_file_header(file);
    RawFileHeader header;
    if (file.size() < sizeof(header)) return;
    std::memcpy(&header, file.data(), sizeof(header));
    std::size_t at = sizeof(header) + header.body_bytes;
    while (at + sizeof(RawBlockHeader) <= file.size()) at = mend_block(file, at);
}

void read_all(const std::string& file) {
    Fd fd(::memfd_create("fuzz", MFD_CLOEXEC));
    if (::write(fd.get(), file.data(), file.size()) != static_cast<ssize_t>(file.size())) return;
    ::lseek(fd.get(), 0, SEEK_SET);
    auto reader = RawReader::from(std::move(fd), "fuzz");
    if (!reader) return;
    unsigned sum = 0;
    while (true) {
        const auto event = reader->next();
        if (!event || !*event) break;
        for (const std::byte byte : (*event)->bytes) sum += std::to_integer<unsigned>(byte);
    }
    const auto end = reader->next();
    if (!end || *end) std::abort();
    if (sum == 0xFFFFFFFF) std::abort();  // keeps the reads from being optimized away
}

}  // namespace
}  // namespace footfall

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    // The first byte says whether the checksums are mended.
    std::string file(reinterpret_cast<const char*>(data + 1), size - 1);
    if ((data[0] & 1U) != 0) footfall::mend(file);
    footfall::read_all(file);
    return 0;
}
