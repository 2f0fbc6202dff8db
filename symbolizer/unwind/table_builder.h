// Builds the unwind table of an x86-64 executable or library from its .eh_frame, from Go's function table (go_frames.h), and
// from .debug_frame where that says more.
//
// The file is not trusted and may change while it is read; it is read with pread() only. Memory: at most some 24 MiB
// whatever the file, mostly 2, and what a compressed .debug_frame inflates to, 16 more at most; the table itself goes page
// by page to a sink. Time: linear in the size of the unwind information.
//
// .debug_frame is added when the FDEs of .eh_frame, or the functions of Go, describe less than half of the executable
// segments' bytes. Where more than one describe a function, .eh_frame counts, then Go's table. A .debug_frame compressed by
// zlib is inflated.
//
// Gaps of 16 bytes and more between described functions are FF_CFA_NONE. The program's entry point is FF_CFA_OUTERMOST where
// nothing describes it. Units: ELF virtual addresses. Threads: any; no state. The fd is borrowed, its offset stays.
#pragma once

#include <cstdint>

#include "agent/base/result.h"
#include "symbolizer/unwind/row_stream.h"
#include "symbolizer/unwind/table_sink.h"

namespace footfall {

struct TableSummary {
    RowCounts rows;
    std::uint64_t fdes = 0;          // functions that were described
    std::uint64_t go_functions = 0;  // those that Go's table described
    std::uint64_t malformed = 0;     // FDEs that contradict themselves; their code has no rule, or an unsupported one
    bool from_header = false;        // in the order of .eh_frame_hdr
    bool used_debug_frame = false;
};

// An error leaves the sink with a part of the pages.
Result<TableSummary> build_unwind_table(int fd, TableSink& sink);

}  // namespace footfall
