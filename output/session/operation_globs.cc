#include "output/session/operation_globs.h"

#include <algorithm>

#include "agent/base/text.h"

namespace footfall {

bool means_operation(const std::vector<std::string>& globs, std::string_view operation) {
    const std::string_view name = operation.substr(operation.find(' ') + 1);
    return globs.empty() || std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) {
               return glob_match(glob, operation) || glob_match(glob, name);
           });
}

}  // namespace footfall
