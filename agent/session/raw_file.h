// Raw files (.ffraw): the records of a session as they left the ring, for replay without privilege. They hold bytes of what
// the watched programs sent and received, secrets included, so they are created with mode 0600 and belong to whoever
// recorded them.
//
//   file    := header chunk* [trailer]
//   header  := RawFileHeader body            body: clock offset, host, kernel, target
//   chunk   := RawBlockHeader payload        payload: records, compressed (one zstd frame)
//   record  := u32 length, u32 0, length bytes of bpf/contract beginning with struct ff_event, zeros up to a multiple of 8
//   trailer := RawBlockHeader payload        payload: named counters, not compressed
//
// A body or counter's text is a u32 length and its bytes; integers are little-endian, as the records' own are. Every part
// carries a checksum of its header and one of its payload, so damage is found where it is: a damaged payload costs its
// chunk, a damaged block header the rest of the file. A file without a trailer was cut: its recorder died or the disk was
// full.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/base/clock.h"
#include "agent/base/file_magic.h"
#include "bpf/contract/event.h"

namespace footfall {

static_assert(std::endian::native == std::endian::little, "raw files are written as their structs lie in memory");

constexpr std::uint32_t kRawFileVersion = 1;
// Of the structs in bpf/contract; raised when one of them changes so that its records of before can't be read.
constexpr std::uint32_t kRawContractVersion = 1;

// Limits for both sides, so that a reader's memory is bounded whatever a file claims.
constexpr std::size_t kMaxRawRecordBytes = std::size_t{80} << 10U;  // a stack with a copy of its memory is the largest
constexpr std::size_t kMaxRawChunkBytes = std::size_t{256} << 10U;
constexpr std::size_t kMaxRawTextBytes = std::size_t{16} << 10U;  // of the header's body, or of the trailer

struct RawFileHeader {
    std::array<char, 8> magic = kRawFileMagic;
    std::uint32_t version = kRawFileVersion;
    std::uint32_t contract_version = kRawContractVersion;
    std::uint32_t reserved = 0;
    std::uint32_t body_bytes = 0;
    std::uint64_t checksum = 0;  // XXH3 of the body, seeded with the XXH3 of the fields before
};
static_assert(sizeof(RawFileHeader) == 32);

enum class RawBlockKind : std::uint32_t { kChunk = 0x4B4E4843, kTrailer = 0x4C525454 };  // "CHNK", "TTRL"

struct RawBlockHeader {
    RawBlockKind kind = RawBlockKind::kChunk;
    std::uint32_t stored_bytes = 0;      // of the payload in the file
    std::uint32_t raw_bytes = 0;         // of the payload, decompressed
    std::uint32_t items = 0;             // records, or counters
    std::uint64_t payload_checksum = 0;  // XXH3 of the stored payload
    std::uint64_t header_checksum = 0;   // XXH3 of the fields before
};
static_assert(sizeof(RawBlockHeader) == 32);

struct RawRecordHeader {
    std::uint32_t length = 0;
    std::uint32_t reserved = 0;
};
static_assert(sizeof(RawRecordHeader) == 8);

constexpr std::size_t padded_to_8(std::size_t bytes) { return (bytes + 7) & ~std::size_t{7}; }

// What a file says about where it was recorded.
struct RawFileInfo {
    ClockOffset clock;
    std::string host;
    std::string kernel;
    std::string target;  // as given on the command line
};

// A counter of the kernel side at the end of the recording: kSubmittedCounter, or a drop reason.
constexpr std::string_view kSubmittedCounter = "submitted";

struct RawCounter {
    std::string name;
    std::uint64_t value = 0;
};

}  // namespace footfall
