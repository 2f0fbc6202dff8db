// Which protocols there are, and how their readers are made: an expansion of bpf/contract/protocols.def.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "agent/protocols/protocol.h"

namespace footfall {

constexpr std::size_t kProtocolLimit = 32;  // numbers of protocols are below

// As its folder is called: "http1".
std::string_view name(Protocol protocol);

// None for a number that is nobody's.
std::optional<Protocol> protocol_of(std::uint8_t number);

// Defined once per protocol, in its folder.
template <Protocol protocol>
std::unique_ptr<ProtocolReader> make_reader(const ReaderContext& context);
#define FF_PROTOCOL(number, name, enumerator) \
    template <>                               \
    std::unique_ptr<ProtocolReader> make_reader<Protocol::enumerator>(const ReaderContext& context);
#include "bpf/contract/protocols.def"
#undef FF_PROTOCOL

// Keeps the readers of closed connections for the next ones, with their buffers.
class ReaderPool {
public:
    std::unique_ptr<ProtocolReader> take(Protocol protocol, const ReaderContext& context);
    void give_back(Protocol protocol, std::unique_ptr<ProtocolReader> reader);

private:
    static constexpr std::size_t kIdleLimit = 256;  // of each protocol

    std::array<std::vector<std::unique_ptr<ProtocolReader>>, kProtocolLimit> idle_;  // by protocol
};

}  // namespace footfall
