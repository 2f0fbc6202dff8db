// The checksums of raw_file.h.
#pragma once

#include <cstdint>
#include <string_view>

#include "agent/session/raw_file.h"

namespace footfall {

[[nodiscard]] std::uint64_t header_checksum(const RawFileHeader& header, std::string_view body);
[[nodiscard]] std::uint64_t header_checksum(const RawBlockHeader& header);
[[nodiscard]] std::uint64_t payload_checksum(std::string_view stored);

}  // namespace footfall
