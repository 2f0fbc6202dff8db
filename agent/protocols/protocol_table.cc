#include "agent/protocols/protocol_table.h"

#include <utility>

namespace footfall {
namespace {

std::unique_ptr<ProtocolReader> make_reader_of(Protocol protocol, const ReaderContext& context) {
    switch (protocol) {
#define FF_PROTOCOL(number, name, enumerator) \
    case Protocol::enumerator:                \
        return make_reader<Protocol::enumerator>(context);
#include "bpf/contract/protocols.def"
#undef FF_PROTOCOL
    }
    __builtin_unreachable();
}

}  // namespace

std::string_view name(Protocol protocol) {
    switch (protocol) {
#define FF_PROTOCOL(number, name, enumerator) \
    case Protocol::enumerator:                \
        return #name;
#include "bpf/contract/protocols.def"
#undef FF_PROTOCOL
    }
    __builtin_unreachable();
}

std::optional<Protocol> protocol_of(std::uint8_t number) {
    switch (number) {
#define FF_PROTOCOL(number, name, enumerator) \
    case number:                              \
        return Protocol::enumerator;
#include "bpf/contract/protocols.def"
#undef FF_PROTOCOL
        default:
            return std::nullopt;
    }
}

std::unique_ptr<ProtocolReader> ReaderPool::take(Protocol protocol, const ReaderContext& context) {
    auto& idle = idle_[static_cast<std::size_t>(protocol)];
    if (idle.empty()) return make_reader_of(protocol, context);
    std::unique_ptr<ProtocolReader> reader = std::move(idle.back());
    idle.pop_back();
    reader->restart(context);
    return reader;
}

void ReaderPool::give_back(Protocol protocol, std::unique_ptr<ProtocolReader> reader) {
    auto& idle = idle_[static_cast<std::size_t>(protocol)];
    if (idle.size() < kIdleLimit) idle.push_back(std::move(reader));
}

}  // namespace footfall
