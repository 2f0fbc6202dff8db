// What calls of functions are told apart by, as the user says it: "process", "thread", "user", "caller", "operation" (that
// the thread serves meanwhile), or one of the arguments that they are called with:
//
//   arg2             a number of 64 bits with a sign (long); int, uint and ulong are the others
//   arg2:ulong:log2  the same in powers of two: 0, 1, 2–3, 4–7, …
//   arg1:string      text that ends with a zero; in Go, a string
//
// Arguments are counted as the System V ABI hands over integers and addresses, 1 to 6, `this` and the address of a large
// result among them; those of Go as its own ABI has them in registers, a string being two.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/base/result.h"

namespace footfall {

// As enum ff_function_by has it.
enum class FunctionBy : std::uint8_t { kNothing, kProcess, kThread, kUser, kCaller, kArgument, kOperation };

// As enum ff_argument_type has it.
enum class ArgumentType : std::uint8_t { kInt, kUint, kLong, kUlong, kString };

constexpr unsigned kMostArguments = 6;
constexpr std::size_t kArgumentText = 63;               // bytes of a string that are kept
constexpr std::uint64_t kNoString = ~std::uint64_t{0};  // value of a string: no memory is where it should be

struct FunctionArgument {
    unsigned place = 1;
    ArgumentType type = ArgumentType::kLong;
    bool log2 = false;
    bool operator==(const FunctionArgument&) const = default;
};

struct CallsBy {
    FunctionBy what = FunctionBy::kNothing;
    FunctionArgument argument;
    bool operator==(const CallsBy&) const = default;
};

[[nodiscard]] Result<CallsBy> parse_calls_by(std::string_view text);
// As it was written; empty: nothing.
[[nodiscard]] std::string text_of(const CallsBy& by);

// "-3"; "4–7" of powers of two, by how many bits they take, negative if they are; of strings themselves, quoted.
[[nodiscard]] std::string argument_text(const FunctionArgument& argument, std::uint64_t value, std::string_view text);

}  // namespace footfall
