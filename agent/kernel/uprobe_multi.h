// One program on many places of a file at once (BPF_LINK_TYPE_UPROBE_MULTI, Linux 6.6; sessions 6.13).
#pragma once

#include <cstdint>
#include <span>

#include "agent/base/fd.h"
#include "agent/base/ids.h"

namespace footfall {

struct UprobePlace {
    std::uint64_t file_offset = 0;
    std::uint64_t cookie = 0;     // what the program is told
    std::uint64_t semaphore = 0;  // offset in the file of two bytes that count who watches (USDT); 0: there are none
};

enum class UprobeEnd {
    kEntry,
    kReturn,
    kBoth,  // a session: one program for both
};

// What bpf_program__set_expected_attach_type() must have been told before the program was loaded.
[[nodiscard]] std::uint32_t attach_type_of(UprobeEnd end);

// The link, which is gone from the kernel when it is closed; not valid, and errno, where the kernel refuses.
// process: in that one alone, threads and all; 0: in all that map the file. Before Linux 6.10 only its first thread is meant
// (commit 46ba0e49b642, "bpf: fix multi-uprobe PID filtering logic").
[[nodiscard]] Fd attach_uprobes(int program, int file, UprobeEnd end, std::span<const UprobePlace> places,
                                Pid process = Pid{});

// Of a link that was made for one process: whether it still means that. It does not, if a thread of it other than the first
// has executed a program, or if it has ended. Linux 6.8.
[[nodiscard]] bool is_of_process(const Fd& link, Pid process);

}  // namespace footfall
