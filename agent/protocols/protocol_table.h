// Which protocols there are, and how their readers are made: an expansion of protocols.def.
#pragma once

#include <array>
#include <cstddef>
#include <iterator>
#include <memory>
#include <string_view>
#include <vector>

#include "agent/protocols/protocol.h"

namespace footfall {

// The protocol's name as users see it: "http".
std::string_view name(Protocol protocol);

// Defined once per protocol, in its folder.
template <Protocol protocol>
std::unique_ptr<ProtocolReader> make_reader(const ReaderContext& context);

constexpr Protocol kAllProtocols[] = {
#define FOOTFALL_PROTOCOL(enumerator, text) Protocol::enumerator,
#include "agent/protocols/protocols.def"
#undef FOOTFALL_PROTOCOL
};

// Keeps the readers of closed connections for the next ones, with their buffers.
class ReaderPool {
public:
    std::unique_ptr<ProtocolReader> take(Protocol protocol, const ReaderContext& context);
    void give_back(Protocol protocol, std::unique_ptr<ProtocolReader> reader);

private:
    static constexpr std::size_t kIdleLimit = 256;  // of each protocol

    std::array<std::vector<std::unique_ptr<ProtocolReader>>, std::size(kAllProtocols)> idle_;  // by protocol
};

}  // namespace footfall
