// Opens a file of somebody else's file system, the way that process would see it and no further.
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "agent/base/fd.h"
#include "symbolizer/frame.h"

namespace footfall {

// What an O_PATH descriptor stands for, opened to be read. Not valid, with errno, where it is no regular file: to open a
// device does something to it, and a pipe tells who waits at its other end.
Fd open_if_regular(int found);

// root: a directory, such as /proc/PID/root. path: as seen below it; symbolic links that lead out end at root. Opens regular
// files only, and never waits for one. kNoSuchFile, kNoPermission.
tl::expected<Fd, Miss> open_below_root(const std::string& root, const std::string& path);

}  // namespace footfall
