// The functions and USDT probes that are picked from one file, and why there are none.
#pragma once

#include <string>

#include "agent/base/fd.h"
#include "symbolizer/functions/code_functions.h"
#include "symbolizer/worker/symbolizer_client.h"

namespace footfall {

struct ListedFile {
    std::string path;  // that it was found under
    std::string build_id;
    FunctionAnswer found;
    Miss miss = Miss::kNone;        // why nothing is known of it
    Miss no_sources = Miss::kNone;  // why its source files are not known, where functions are picked by them

    // Beside USDT probes.
    [[nodiscard]] Miss no_functions() const { return miss != Miss::kNone ? miss : found.no_functions; }
};

// opened: stays the caller's; not valid: the file could not be opened. path: below root, which is that of the file system of
// the process that it was found in. Takes as long as the symbolizer's worker may, at worst.
ListedFile list_file(SymbolizerClient& symbolizer, const Fd& opened, const std::string& root, const std::string& path,
                     const FunctionQuery& query);

// Of a file with no_sources, for the user.
std::string why_no_sources(const ListedFile& file);

// What counting and, if it is done, timing it adds to each call.
unsigned expected_nanoseconds(const CodeFunction& function, Timing timing);

}  // namespace footfall
