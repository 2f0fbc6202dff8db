// The process that reads untrusted ELF and DWARF files, so that the agent never does: footfall started again, without any
// privilege, without access to the file system, the network or other processes, under a memory limit. It answers one
// question at a time on a socket (protocol.proto) and ends when that is closed, or with its parent.
#pragma once

#include <cstddef>
#include <functional>

#include "symbolizer/frame.h"

namespace footfall {

// The descriptor on which the worker finds its socket when SymbolizerClient starts it.
constexpr int kSymbolizerWorkerSocket = 3;

struct SymbolizerWorkerOptions {
    // Reads the ELF file, writes its unwind table to the other descriptor; both stay the worker's. kNone: done.
    std::function<Miss(int elf, int out)> build_unwind_table;
    std::size_t cache_bytes = std::size_t{32} << 20;  // of what was read from files, kept between questions
};

// For main(), before it does anything else. Drops every privilege, then serves until the socket is closed. Returns the
// program's exit code.
int run_symbolizer_worker(int socket, const SymbolizerWorkerOptions& options);

}  // namespace footfall
