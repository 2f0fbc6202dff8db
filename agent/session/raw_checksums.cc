#include "agent/session/raw_checksums.h"

#include <xxhash.h>

#include <cstddef>

namespace footfall {

std::uint64_t header_checksum(const RawFileHeader& header, std::string_view body) {
    return XXH3_64bits_withSeed(body.data(), body.size(), XXH3_64bits(&header, offsetof(RawFileHeader, checksum)));
}

std::uint64_t header_checksum(const RawBlockHeader& header) {
    return XXH3_64bits(&header, offsetof(RawBlockHeader, header_checksum));
}

std::uint64_t payload_checksum(std::string_view stored) { return XXH3_64bits(stored.data(), stored.size()); }

}  // namespace footfall
