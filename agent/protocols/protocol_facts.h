// What each reader says of itself, for people: the table of protocols in README.md is made of it.
#pragma once

#include <string>
#include <string_view>

#include "agent/pipeline/stages.h"

namespace footfall {

// Short texts, in Markdown.
struct ProtocolFacts {
    std::string_view title;     // "HTTP/1"
    std::string_view versions;  // that are read
    std::string_view roles;     // "server, client"
    std::string_view named;     // what an operation is called by
    std::string_view outcome;   // what an error is, and its type
    std::string_view not_read;  // what passes by, and what it is counted as
};

// Defined once per protocol, beside its make_reader().
template <Protocol protocol>
ProtocolFacts facts();
#define FF_PROTOCOL(number, name, enumerator) \
    template <>                               \
    ProtocolFacts facts<Protocol::enumerator>();
#include "bpf/contract/protocols.def"
#undef FF_PROTOCOL

// A Markdown table, a row for each protocol.
[[nodiscard]] std::string protocol_facts_table();

}  // namespace footfall
