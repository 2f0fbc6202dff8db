// The worker's answers, as messages and as values. Both directions, so that the two sides agree.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "symbolizer/elf/description.h"
#include "symbolizer/frame.h"
#include "symbolizer/functions/code_functions.h"
#include "symbolizer/worker/protocol.pb.h"

namespace footfall {

symbolizer::Answer answer_of(Miss miss);
symbolizer::Answer answer_of(const FileDescription& description);
symbolizer::Answer answer_of(const FunctionAnswer& functions);

// Collects the answers for a list of addresses.
class NamesWriter {
public:
    explicit NamesWriter(std::size_t addresses);
    // In any order; index is the address's place in the list.
    void set(std::size_t index, const SymbolizedAddress& address);
    symbolizer::Answer finish();

private:
    std::uint32_t index_of(const std::string& text);

    struct PackedLine {
        std::uint32_t function = 0;
        std::uint32_t file = 0;
        std::uint32_t line = 0;
    };
    struct PackedAddress {
        Miss miss = Miss::kNone;
        std::uint64_t offset = 0;
        std::uint32_t first_line = 0;
        std::uint32_t lines = 0;
    };
    std::unordered_map<std::string, std::uint32_t> indexes_;
    std::vector<PackedAddress> addresses_;
    std::vector<PackedLine> lines_;
    symbolizer::Names names_;
};

// From a worker that may have been taken over: false when the answer makes no sense.
bool read_names(const symbolizer::Names& names, std::span<SymbolizedAddress> into);
bool read_miss(std::uint32_t number, Miss& miss);
bool read_functions(const symbolizer::FunctionList& list, FunctionAnswer& into);
FileDescription read_description(const symbolizer::Description& message);

}  // namespace footfall
