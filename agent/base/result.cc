#include "agent/base/result.h"

#include <system_error>

namespace footfall {

tl::unexpected<Error> system_failure(const std::string& what, int error, std::string fix, ExitCode code) {
    return failure(what + ": " + std::generic_category().message(error), std::move(fix), code);
}

}  // namespace footfall
