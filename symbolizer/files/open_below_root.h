// Opens a file of somebody else's file system, the way that process would see it and no further.
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "agent/base/fd.h"
#include "symbolizer/frame.h"

namespace footfall {

// root: a directory, such as /proc/PID/root. path: as seen below it; symbolic links that lead out end at root. Opens regular
// files only, and never waits for one. kNoSuchFile, kNoPermission.
tl::expected<Fd, Miss> open_below_root(const std::string& root, const std::string& path);

}  // namespace footfall
