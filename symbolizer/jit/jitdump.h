// Names of JIT-compiled functions, from the binary file that runtimes write for perf (jit-PID.dump), whose format is
// described in the kernel's tools/perf/Documentation/jitdump-specification.txt. Of its records, code that is loaded and code
// that moves are read; the code itself and its source lines are skipped.
//
// The file belongs to the watched process and may say anything: what is read at once and what is kept have upper limits.
// Files of this machine's byte order only. Threads: one at a time.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tl/expected.hpp>

#include "symbolizer/frame.h"
#include "symbolizer/jit/code_map.h"

namespace footfall {

class JitDump {
public:
    explicit JitDump(std::size_t max_bytes = std::size_t{8} << 20) : code_(max_bytes) {}

    // The runtime maps the file's first page as code, which is how it is found: ".../jit-812.dump".
    static bool is_path(std::string_view path);

    // Reads the records that were added since the last time; everything again where the file is another one, or got shorter.
    // A last record that is not whole waits for the next time. Returns kNone, kMalformed where what is there is no jitdump,
    // or kTooLarge when functions had to be left out.
    Miss update(int file);

    [[nodiscard]] tl::expected<JitFunction, Miss> find(std::uint64_t address) const { return code_.find(address); }
    [[nodiscard]] const CodeMap& code() const { return code_; }

private:
    Miss read_header(int file);
    // What a record says, without the head that all have.
    bool load_code(std::string_view record);
    bool move_code(std::string_view record);

    CodeMap code_;
    std::uint64_t position_ = 0;  // of the next record; 0: the header was not read yet
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

}  // namespace footfall
