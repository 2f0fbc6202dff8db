#include "symbolizer/jit/code_owner.h"

#include <sys/stat.h>

#include <fstream>
#include <sstream>

namespace footfall {

std::optional<CodeOwner> read_code_owner(const std::string& process) {
    struct stat directory {};
    std::ifstream status(process + "/status");
    if (!status || stat(process.c_str(), &directory) != 0) return std::nullopt;
    CodeOwner owner{directory.st_uid, {}};
    std::string line;
    while (std::getline(status, line)) {
        std::istringstream words(line);
        std::string key;
        words >> key;
        if (key == "Uid:") {
            // The directory of a process that may not be dumped belongs to root. Real, then effective.
            words >> owner.user >> owner.user;
        } else if (key == "NSpid:") {
            while (words >> owner.inner_pid) continue;
        }
    }
    return owner.inner_pid.empty() ? std::nullopt : std::optional(owner);
}

bool may_name_code(const CodeOwner& owner, int file) {
    struct stat status {};
    return fstat(file, &status) == 0 && S_ISREG(status.st_mode) && (status.st_uid == owner.user || status.st_uid == 0);
}

}  // namespace footfall
