// Writes a raw file (raw_file.h) while a session runs.
//
// append() copies a record into a buffer; a full buffer is compressed and written as one chunk, and flush() writes what
// there is, so that a crash costs at most what came after. Used by one thread. The first write that fails is reported once,
// as an Error; from then on nothing is written, append() and flush() succeed without doing anything, and records_lost()
// counts. What was written before stays readable.
#pragma once

#include <zstd.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/fd.h"
#include "agent/base/result.h"
#include "agent/pipeline/stages.h"
#include "agent/session/raw_file.h"

namespace footfall {

class RawWriter {
public:
    // Refuses a path that exists unless `force`, which replaces a regular file and writes to anything else (a pipe). The
    // file's mode is 0600, whatever was there before.
    [[nodiscard]] static Result<RawWriter> create(const std::string& path, const RawFileInfo& info, bool force);

    // Keeps as many bytes of the record as its header says are meant, or all of them if the header makes no sense.
    Result<void> append(RawEvent event);
    Result<void> flush();
    // Ends the file with a trailer. Nothing may be appended afterwards.
    Result<void> finish(std::span<const RawCounter> counters);

    [[nodiscard]] std::uint64_t records_written() const { return written_; }
    [[nodiscard]] std::uint64_t records_lost() const { return lost_; }
    [[nodiscard]] std::uint64_t bytes_written() const { return end_; }

private:
    struct FreeContext {
        void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
    };

    RawWriter(std::string path, Fd fd);
    Result<void> write_chunk();
    Result<void> write_block(RawBlockHeader header, std::size_t stored_bytes);  // the payload is in stored_
    Result<void> write_all(std::string_view bytes);
    tl::unexpected<Error> stop(int error);

    std::string path_;
    Fd fd_;
    std::unique_ptr<ZSTD_CCtx, FreeContext> zstd_;
    std::vector<char> chunk_;   // fixed size; the first used_ bytes are records
    std::vector<char> stored_;  // a block as it goes to the file: room for its header, then its payload
    std::size_t used_ = 0;
    std::uint32_t pending_ = 0;  // records in chunk_
    std::uint64_t end_ = 0;      // of the last whole part in the file
    std::uint64_t written_ = 0;
    std::uint64_t lost_ = 0;
    bool stopped_ = false;
};

}  // namespace footfall
