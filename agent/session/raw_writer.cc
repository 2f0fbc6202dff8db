#include "agent/session/raw_writer.h"

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "agent/session/raw_bytes.h"
#include "agent/session/raw_checksums.h"

namespace footfall {
namespace {

// Heads of requests repeat, so the fastest levels already shrink them several times; see tests/bench/raw_file_bench.
constexpr int kCompressionLevel = -1;

Result<Fd> open_new(const std::string& path) {
    Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (fd.valid()) return fd;
    if (errno == EEXIST) return failure(path + " exists already", "--force replaces it");
    return system_failure("cannot create " + path, errno);
}

Result<Fd> open_forced(const std::string& path) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) return open_new(path);
    if (S_ISREG(status.st_mode) || S_ISLNK(status.st_mode)) {
        // Not truncated but replaced: who has the old file open, or may read it, gets nothing of the new one.
        if (::unlink(path.c_str()) != 0) return system_failure("cannot replace " + path, errno);
        return open_new(path);
    }
    Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd.valid()) return system_failure("cannot open " + path, errno);
    return fd;
}

std::string header_bytes(const RawFileInfo& info) {
    std::string body;
    append_number(body, info.clock.nanoseconds);
    for (const std::string* text : {&info.host, &info.kernel, &info.target}) append_counted_text(body, *text);

    RawFileHeader header;
    header.body_bytes = static_cast<std::uint32_t>(body.size());
    header.checksum = header_checksum(header, body);
    return std::string(reinterpret_cast<const char*>(&header), sizeof(header)) + body;
}

std::size_t meant_bytes(std::span<const std::byte> record) {
    ff_event event{};
    if (record.size() < sizeof(event)) return record.size();
    std::memcpy(&event, record.data(), sizeof(event));
    const bool sensible = event.size >= sizeof(event) && event.size <= record.size();
    return sensible ? event.size : record.size();
}

}  // namespace

RawWriter::RawWriter(std::string path, Fd fd)
    : path_(std::move(path)),
      fd_(std::move(fd)),
      zstd_(ZSTD_createCCtx()),
      chunk_(kMaxRawChunkBytes),
      stored_(sizeof(RawBlockHeader) + ZSTD_compressBound(kMaxRawChunkBytes)) {}

Result<RawWriter> RawWriter::create(const std::string& path, const RawFileInfo& info, bool force) {
    const std::string header = header_bytes(info);
    if (header.size() > kMaxRawTextBytes) return failure("cannot write " + path + ": the target's text is too long");
    auto fd = force ? open_forced(path) : open_new(path);
    if (!fd) return tl::unexpected(fd.error());
    RawWriter writer(path, std::move(*fd));
    if (writer.zstd_ == nullptr) return failure("cannot write " + path + ": no memory");
    if (auto written = writer.write_all(header); !written) return tl::unexpected(written.error());
    return writer;
}

Result<void> RawWriter::append(RawEvent event) {
    if (stopped_) {
        ++lost_;
        return {};
    }
    const RawRecordHeader header{.length = static_cast<std::uint32_t>(meant_bytes(event.bytes))};
    if (header.length > kMaxRawRecordBytes) {
        ++lost_;
        return failure(fmt::format("a record of {} bytes is too long for {}", header.length, path_));
    }
    const std::size_t padded = padded_to_8(header.length);
    if (used_ + sizeof(header) + padded > chunk_.size()) {
        if (auto flushed = write_chunk(); !flushed) {
            ++lost_;
            return flushed;
        }
    }
    char* to = chunk_.data() + used_;
    std::memcpy(to, &header, sizeof(header));
    std::memcpy(to + sizeof(header), event.bytes.data(), header.length);
    std::memset(to + sizeof(header) + header.length, 0, padded - header.length);
    used_ += sizeof(header) + padded;
    ++pending_;
    return {};
}

Result<void> RawWriter::flush() { return pending_ == 0 ? Result<void>{} : write_chunk(); }

Result<void> RawWriter::finish(std::span<const RawCounter> counters) {
    if (auto flushed = flush(); !flushed || stopped_) return flushed;
    std::string payload;
    for (const RawCounter& counter : counters) {
        append_counted_text(payload, counter.name);
        append_number(payload, counter.value);
    }
    if (payload.size() > kMaxRawTextBytes) return failure("cannot write " + path_ + ": too many counters");
    RawBlockHeader header{.kind = RawBlockKind::kTrailer};
    header.raw_bytes = static_cast<std::uint32_t>(payload.size());
    header.items = static_cast<std::uint32_t>(counters.size());
    std::memcpy(stored_.data() + sizeof(header), payload.data(), payload.size());
    if (auto written = write_block(header, payload.size()); !written) return written;
    stopped_ = true;
    return {};
}

Result<void> RawWriter::write_chunk() {
    RawBlockHeader header{.kind = RawBlockKind::kChunk};
    header.raw_bytes = static_cast<std::uint32_t>(used_);
    header.items = pending_;
    const std::size_t stored = ZSTD_compressCCtx(zstd_.get(), stored_.data() + sizeof(header),
                                                 stored_.size() - sizeof(header), chunk_.data(), used_, kCompressionLevel);
    const std::uint32_t records = std::exchange(pending_, 0);
    used_ = 0;
    auto written = ZSTD_isError(stored) != 0 ? Result<void>(stop(ENOMEM)) : write_block(header, stored);
    (written ? written_ : lost_) += records;
    return written;
}

Result<void> RawWriter::write_block(RawBlockHeader header, std::size_t stored_bytes) {
    const std::string_view payload(stored_.data() + sizeof(header), stored_bytes);
    header.stored_bytes = static_cast<std::uint32_t>(stored_bytes);
    header.payload_checksum = payload_checksum(payload);
    header.header_checksum = header_checksum(header);
    std::memcpy(stored_.data(), &header, sizeof(header));
    return write_all({stored_.data(), sizeof(header) + stored_bytes});
}

Result<void> RawWriter::write_all(std::string_view bytes) {
    const std::size_t length = bytes.size();
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return stop(errno);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    end_ += length;
    return {};
}

tl::unexpected<Error> RawWriter::stop(int error) {
    stopped_ = true;
    // Takes back what was written of the part that did not fit; where the file can't be cut, a reader finds the end itself.
    const bool cut = ::ftruncate(fd_.get(), static_cast<off_t>(end_)) == 0;
    return system_failure(fmt::format("cannot write {} past {} bytes", path_, end_), error,
                          cut && end_ > 0 ? fmt::format("the {} records before that can be replayed", written_) : "");
}

}  // namespace footfall
