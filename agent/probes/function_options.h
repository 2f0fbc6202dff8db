// Which functions are to be counted and how, and what that asks of one file. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "agent/config/calls_by.h"
#include "agent/config/function_pattern.h"
#include "agent/probes/function_probe.h"
#include "symbolizer/functions/code_functions.h"

namespace footfall {

struct FunctionOptions {
    std::vector<FunctionPattern> patterns;
    bool timed = false;
    bool coverage = false;        // calls are counted until it is known that there are some
    double budget = 0;            // of one processor, that counting may take; 0: no limit. Not for coverage
    bool attach = true;           // false: only looks which there are
    bool stacks = false;          // the stacks with which they are called are taken, too, of some
    CallsBy by;                   // calls are told apart by that, too; not under coverage
    std::size_t most = 1U << 16;  // functions of a file

    // Probes are taken off while calls are counted.
    [[nodiscard]] bool takes_off() const { return coverage || budget > 0; }
    // A pattern means libraries by their names.
    [[nodiscard]] bool names_libraries() const;
};

// Of a file that was found under that path. Nothing where no pattern means it.
std::optional<FunctionQuery> query_for(const FunctionOptions& options, std::string_view path, bool is_program);

}  // namespace footfall
