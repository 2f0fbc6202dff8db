// Names of JIT-compiled functions, from the text file that runtimes write for perf: /tmp/perf-PID.map, in the file system
// and with the pid that the process itself sees. Lines are "START SIZE NAME", in hex.
//
// The file belongs to the watched process and may say anything: it is opened below the root of that process, must be a
// regular file of its user, and what is kept has an upper limit. Threads: one at a time.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "agent/base/fd.h"
#include "agent/base/ids.h"
#include "symbolizer/frame.h"
#include "symbolizer/jit/code_map.h"

namespace footfall {

class PerfMap {
public:
    explicit PerfMap(std::size_t max_bytes = std::size_t{8} << 20) : code_(max_bytes) {}

    // Opens the map of a process. proc: "/proc". kNoMap where there is none.
    static tl::expected<Fd, Miss> open(Pid pid, const std::string& proc = "/proc");

    // Reads the lines that were added since the last time; everything again where the file is another one, or got shorter.
    // A last line without its end waits for the next time. Returns kNone, or kTooLarge when lines had to be left out.
    Miss update(int file);

    // Of two functions at one address, the one that was written later.
    [[nodiscard]] tl::expected<JitFunction, Miss> find(std::uint64_t address) const { return code_.find(address); }

    [[nodiscard]] const CodeMap& code() const { return code_; }
    // Lines that could not be understood.
    [[nodiscard]] std::uint64_t bad_lines() const { return bad_lines_; }

private:
    Miss consume(std::string_view text);
    bool add_line(std::string_view line);  // false: no room

    CodeMap code_;
    std::string half_line_;
    bool skipping_line_ = false;  // it is too long, and dropped up to its end
    std::uint64_t bad_lines_ = 0;
    std::uint64_t position_ = 0;
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

}  // namespace footfall
