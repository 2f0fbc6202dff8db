// Keeps what libbpf says while something is loaded, so that an error can show the lines that matter instead of all of them.
#pragma once

#include <string>

namespace footfall {

// Catches libbpf's messages from its construction to its destruction; one at a time. They also go to the log at debug level.
class LibbpfLog {
public:
    LibbpfLog();
    ~LibbpfLog();
    LibbpfLog(const LibbpfLog&) = delete;
    LibbpfLog& operator=(const LibbpfLog&) = delete;

    // The last lines, the verifier's verdict among them; empty if nothing was said.
    [[nodiscard]] static std::string tail(std::size_t lines);
};

}  // namespace footfall
