#include "agent/interpreters/script_functions.h"

#include <functional>

namespace footfall {
namespace {

constexpr std::size_t kEntryBytes = 160;  // of the table, beside the texts

}  // namespace

std::size_t ScriptFunctions::Hash::operator()(const ScriptFunction& function) const {
    constexpr std::size_t kSpread = 0x9e3779b97f4a7c15;
    const std::hash<std::string> hash;
    return hash(function.name) * kSpread + hash(function.file) + static_cast<std::size_t>(function.runtime);
}

ScriptFunctions::ScriptFunctions(std::size_t most_bytes) : most_bytes_(most_bytes) {
    const auto none =
        numbers_.emplace(ScriptFunction{Runtime::kNone, "[too many functions]", {}}, ScriptFunctionId{0}).first;
    functions_.push_back(&none->first);
}

ScriptFunctionId ScriptFunctions::of(const ScriptFunction& function) {
    if (const auto known = numbers_.find(function); known != numbers_.end()) return known->second;
    const std::size_t bytes = function.name.size() + function.file.size() + kEntryBytes;
    if (bytes_ + bytes > most_bytes_) {
        ++without_room_;
        return ScriptFunctionId{0};
    }
    bytes_ += bytes;
    const auto id = ScriptFunctionId{static_cast<std::uint32_t>(functions_.size())};
    functions_.push_back(&numbers_.emplace(function, id).first->first);
    return id;
}

}  // namespace footfall
