// What can be expected to fail returns Result. An Error says what failed, why and, where there is one, the fix; its exit
// code is the one that the command line ends with (DESIGN §5).
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace footfall {

enum class ExitCode : int {
    kOk = 0,
    kFailed = 1,
    kUsage = 2,
    kNoTarget = 66,
    kUnavailable = 69,
    kNoPermission = 77,
    kBadConfig = 78,
};

struct Error {
    std::string what;  // "cannot open /x: No such file or directory"
    std::string fix;   // what the user can do; may be empty
    ExitCode exit_code = ExitCode::kFailed;

    // The same error, seen from one level higher: "loading probes: cannot open …".
    [[nodiscard]] Error within(const std::string& context) const { return {context + ": " + what, fix, exit_code}; }
};

template <typename Value>
using Result = tl::expected<Value, Error>;

inline tl::unexpected<Error> failure(std::string what, std::string fix = {}, ExitCode code = ExitCode::kFailed) {
    return tl::unexpected<Error>(Error{std::move(what), std::move(fix), code});
}

// "what: strerror(error)"
tl::unexpected<Error> system_failure(const std::string& what, int error, std::string fix = {},
                                     ExitCode code = ExitCode::kFailed);

}  // namespace footfall
