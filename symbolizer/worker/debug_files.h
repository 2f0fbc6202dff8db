// Finds the separate debug file of a module where distributions put it, and proves that it belongs to that build.
//
// Looked at, below the file system root of the process that runs the module: usr/lib/debug/.build-id/xx/yyy.debug, then the
// name in .gnu_debuglink next to the module, in .debug/ there, and below usr/lib/debug. Symbolic links stay inside that
// root, devices and pipes are not opened. The build-ids of both files must agree; without them, the checksum in
// .gnu_debuglink must.
#pragma once

#include <string>

#include "agent/base/fd.h"
#include "symbolizer/elf/description.h"
#include "symbolizer/worker/symbolizer_client.h"

namespace footfall {

struct DebugFiles {
    Fd debug;                     // not valid: none was found
    FileDescription description;  // of debug
    Fd alt;                       // the dwz file that debug refers to; not valid where it refers to none, or that is missing
    // kNone: found. kNoSuchFile: none there. kDebugFileMismatch: there is one, of another build. Else there is one that
    // could not be read, and why.
    Miss miss = Miss::kNoSuchFile;
};

// root: "/", or /proc/PID/root. module_path: absolute, as seen below root. description: of the module.
DebugFiles find_debug_files(SymbolizerClient& client, const std::string& root, const std::string& module_path,
                            const FileDescription& description);

// The dwz file that a debug file refers to, which lies below root at debug_path. Not valid where there is none of that
// build.
Fd find_alt_file(SymbolizerClient& client, const std::string& root, const std::string& debug_path,
                 const FileDescription& debug);

// Where distributions put the debug file of a build; "" where the id is too short to be one.
std::string debug_path_of(const std::string& build_id);

}  // namespace footfall
