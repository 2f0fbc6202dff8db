#include "agent/protocols/protocol_facts.h"

#include <fmt/format.h>

namespace footfall {
namespace {

std::string row(const ProtocolFacts& protocol) {
    return fmt::format("| {} | {} | {} | {} | {} | {} |\n", protocol.title, protocol.versions, protocol.roles,
                       protocol.named, protocol.outcome, protocol.not_read);
}

}  // namespace

std::string protocol_facts_table() {
    std::string table = row({"protocol", "versions", "roles", "operations are named by", "errors", "not read"});
    table += "|---|---|---|---|---|---|\n";
#define FF_PROTOCOL(number, name, enumerator) table += row(facts<Protocol::enumerator>());
#include "bpf/contract/protocols.def"
#undef FF_PROTOCOL
    return table;
}

}  // namespace footfall
