// Reads a raw file (raw_file.h), from beginning to end, in the memory of one chunk.
//
// Nothing in the file is trusted. Damage never hides what can still be read: a chunk whose payload is damaged is stepped
// over, and after the last readable record next() reports once, as an Error, what was damaged and where.
#pragma once

#include <zstd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/fd.h"
#include "agent/base/result.h"
#include "agent/pipeline/stages.h"
#include "agent/session/raw_file.h"

namespace footfall {

class RawReader {
public:
    // Fails if it is not a raw file, is of a newer layout or contract, or ends within its header.
    [[nodiscard]] static Result<RawReader> open(const std::string& path);
    // The same for what is open already (a pipe); `name` is for error messages.
    [[nodiscard]] static Result<RawReader> from(Fd fd, std::string name);

    [[nodiscard]] const RawFileInfo& info() const { return info_; }

    // The next record, in the order of recording; nothing at the end. Its bytes are aligned to 8 and valid until the next
    // call.
    [[nodiscard]] Result<std::optional<RawEvent>> next();

    // After the end: whether the recording was ended properly, and the counters that it ended with.
    [[nodiscard]] bool complete() const { return complete_; }
    [[nodiscard]] const std::vector<RawCounter>& counters() const { return counters_; }

private:
    struct FreeContext {
        void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
    };

    RawReader(Fd fd, std::string name);
    Result<void> read_header();
    Result<void> parse_body(std::string_view body);
    Result<std::size_t> read_up_to(char* to, std::size_t bytes);

    bool read_block();
    bool read_chunk(const RawBlockHeader& header);
    bool read_trailer(const RawBlockHeader& header);
    [[nodiscard]] bool records_add_up(std::uint32_t expected) const;
    RawEvent take_record();
    void note_damage(std::uint64_t position, std::string how, std::uint64_t records);
    Result<std::optional<RawEvent>> at_end();

    Fd fd_;
    std::string name_;
    RawFileInfo info_;
    std::unique_ptr<ZSTD_DCtx, FreeContext> zstd_;
    std::unique_ptr<char[]> stored_;  // a block's payload as the file has it
    std::unique_ptr<char[]> chunk_;   // decompressed
    std::size_t taken_ = 0;           // of the chunk
    std::size_t filled_ = 0;
    std::uint64_t position_ = 0;  // in the file
    std::vector<RawCounter> counters_;
    bool complete_ = false;
    bool ended_ = false;

    std::optional<Error> damage_;  // the first one
    std::uint64_t further_damage_ = 0;
    std::uint64_t records_missing_ = 0;
};

}  // namespace footfall
