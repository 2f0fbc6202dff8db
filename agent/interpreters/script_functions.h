// The functions of interpreted programs that samples name, each once: a sample carries the number of a function and a line,
// so that it means the same when its process is gone, and stacks of several processes that run the same program add up.
//
// Bounded: functions that find no room are all the same one, whose name says so. Thread: the one that owns the pipeline's
// state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/base/ids.h"
#include "agent/pipeline/stages.h"

namespace footfall {

struct ScriptFunction {
    Runtime runtime = Runtime::kNone;
    std::string name;  // qualified, as the language does; empty: it could not be read any more
    std::string file;  // as the runtime has it; empty: not known
    bool operator==(const ScriptFunction&) const = default;
};

class ScriptFunctions {
public:
    // most_bytes: of all functions together, their texts and what keeping them takes.
    explicit ScriptFunctions(std::size_t most_bytes = std::size_t{32} << 20);

    // The same for functions that are equal.
    ScriptFunctionId of(const ScriptFunction& function);
    // Functions live as long as this does: numbers of others are not to be asked for.
    [[nodiscard]] const ScriptFunction& at(ScriptFunctionId id) const { return *functions_[number(id)]; }

    [[nodiscard]] std::size_t size() const { return functions_.size(); }
    // Questions whose function found no room.
    [[nodiscard]] std::uint64_t without_room() const { return without_room_; }

private:
    struct Hash {
        std::size_t operator()(const ScriptFunction& function) const;
    };

    std::size_t most_bytes_;
    std::size_t bytes_ = 0;
    std::unordered_map<ScriptFunction, ScriptFunctionId, Hash> numbers_;
    std::vector<const ScriptFunction*> functions_;  // keys of numbers_, which stay where they are
    std::uint64_t without_room_ = 0;
};

}  // namespace footfall
