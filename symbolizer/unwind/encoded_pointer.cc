#include "symbolizer/unwind/encoded_pointer.h"

#include <dwarf.h>

namespace footfall {
namespace {

template <typename Signed>
std::uint64_t extended(ByteCursor& at) {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(at.number<Signed>()));
}

std::optional<std::uint64_t> read_value(ByteCursor& at, std::uint8_t format) {
    switch (format) {
        case DW_EH_PE_absptr:
        case DW_EH_PE_udata8:
        case DW_EH_PE_sdata8:
            return at.number<std::uint64_t>();
        case DW_EH_PE_udata2:
            return at.number<std::uint16_t>();
        case DW_EH_PE_udata4:
            return at.number<std::uint32_t>();
        case DW_EH_PE_sdata2:
            return extended<std::int16_t>(at);
        case DW_EH_PE_sdata4:
            return extended<std::int32_t>(at);
        case DW_EH_PE_uleb128:
            return at.uleb();
        case DW_EH_PE_sleb128:
            return static_cast<std::uint64_t>(at.sleb());
        default:
            return std::nullopt;
    }
}

}  // namespace

std::optional<std::uint64_t> read_encoded_pointer(ByteCursor& at, std::uint8_t encoding, std::uint64_t address) {
    if (encoding == DW_EH_PE_omit) return std::nullopt;
    const std::uint64_t field = address + at.position();
    auto value = read_value(at, encoding & kPointerFormatMask);
    if (!value || !at.ok()) return std::nullopt;
    switch (encoding & static_cast<std::uint8_t>(~kPointerFormatMask)) {
        case DW_EH_PE_absptr:
            return value;
        case DW_EH_PE_pcrel:
            return *value + field;
        default:
            return std::nullopt;
    }
}

}  // namespace footfall
