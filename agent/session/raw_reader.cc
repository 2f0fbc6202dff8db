#include "agent/session/raw_reader.h"

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "agent/session/raw_bytes.h"
#include "agent/session/raw_checksums.h"

namespace footfall {
namespace {

bool is_sensible(const RawBlockHeader& header) {
    if (header.header_checksum != header_checksum(header)) return false;
    if (header.kind == RawBlockKind::kTrailer) return header.stored_bytes <= kMaxRawTextBytes;
    return header.kind == RawBlockKind::kChunk && header.raw_bytes <= kMaxRawChunkBytes &&
           header.stored_bytes <= ZSTD_compressBound(kMaxRawChunkBytes);
}

RawRecordHeader record_header_at(const char* at) {
    RawRecordHeader header;
    std::memcpy(&header, at, sizeof(header));
    return header;
}

}  // namespace

RawReader::RawReader(Fd fd, std::string name)
    : fd_(std::move(fd)),
      name_(std::move(name)),
      zstd_(ZSTD_createDCtx()),
      stored_(std::make_unique_for_overwrite<char[]>(ZSTD_compressBound(kMaxRawChunkBytes))),
      chunk_(std::make_unique_for_overwrite<char[]>(kMaxRawChunkBytes)) {}

Result<RawReader> RawReader::open(const std::string& path) {
    Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid())
        return system_failure("cannot open " + path, errno, {}, errno == ENOENT ? ExitCode::kNoTarget : ExitCode::kFailed);
    return from(std::move(fd), path);
}

Result<RawReader> RawReader::from(Fd fd, std::string name) {
    RawReader reader(std::move(fd), std::move(name));
    if (reader.zstd_ == nullptr) return failure("cannot read " + reader.name_ + ": no memory");
    if (auto header = reader.read_header(); !header) return tl::unexpected(header.error());
    return reader;
}

Result<std::optional<RawEvent>> RawReader::next() {
    while (taken_ == filled_) {
        if (ended_ || !read_block()) return at_end();
    }
    return take_record();
}

// --- the header -----------------------------------------------------------------------------------------------------

Result<void> RawReader::read_header() {
    RawFileHeader header;
    const auto got = read_up_to(reinterpret_cast<char*>(&header), sizeof(header));
    if (!got) return tl::unexpected(got.error());
    if (*got < sizeof(header.magic) || header.magic != kRawFileMagic) {
        const bool is_session = header.magic == kSessionFileMagic;
        return failure(name_ + " is not a footfall raw file",
                       is_session ? "it is a session file: footfall report " + name_ : "");
    }
    if (*got < sizeof(header)) return failure(fmt::format("{} is cut: it ends at byte {}, within its header", name_, *got));
    if (header.version > kRawFileVersion || header.contract_version > kRawContractVersion) {
        return failure(name_ + " was recorded by a newer footfall", "replay it with that footfall, or a newer one");
    }
    if (header.version != kRawFileVersion || header.contract_version != kRawContractVersion) {
        return failure(name_ + " was recorded by an older footfall, whose events this one does not know",
                       "replay it with that footfall");
    }
    if (header.body_bytes > kMaxRawTextBytes) return failure(name_ + " is damaged at byte 0: its header makes no sense");

    std::string body(header.body_bytes, '\0');
    const auto got_body = read_up_to(body.data(), body.size());
    if (!got_body) return tl::unexpected(got_body.error());
    if (*got_body < body.size()) {
        return failure(fmt::format("{} is cut: it ends at byte {}, within its header", name_, position_));
    }
    if (header.checksum != header_checksum(header, body)) {
        return failure(name_ + " is damaged at byte 0: its header's checksum does not match");
    }
    return parse_body(body);
}

Result<void> RawReader::parse_body(std::string_view body) {
    RawBytesReader in(body);
    const auto clock = in.number<std::int64_t>();
    auto host = in.counted_text();
    auto kernel = in.counted_text();
    auto target = in.counted_text();
    if (!clock || !host || !kernel || !target) return failure(name_ + " is damaged at byte 0: its header is too short");
    info_ = {{*clock}, std::move(*host), std::move(*kernel), std::move(*target)};
    return {};
}

// Less than `bytes` only at the end of the file.
Result<std::size_t> RawReader::read_up_to(char* to, std::size_t bytes) {
    std::size_t got = 0;
    while (got < bytes) {
        const ssize_t count = ::read(fd_.get(), to + got, bytes - got);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return system_failure(fmt::format("cannot read {} at byte {}", name_, position_ + got), errno);
        if (count == 0) break;
        got += static_cast<std::size_t>(count);
    }
    position_ += got;
    return got;
}

// --- blocks ---------------------------------------------------------------------------------------------------------

// False: nothing follows that can be read. True: go on; there may be records now.
bool RawReader::read_block() {
    const std::uint64_t start = position_;
    RawBlockHeader header;
    const auto got = read_up_to(reinterpret_cast<char*>(&header), sizeof(header));
    if (!got) {
        damage_ = got.error();
        return false;
    }
    if (*got == 0) {
        note_damage(start, "it ends without a trailer, so its recording was cut", 0);
        return false;
    }
    if (*got < sizeof(header)) {
        note_damage(start, fmt::format("it is cut, {} bytes into a block", *got), 0);
        return false;
    }
    if (!is_sensible(header)) {
        note_damage(start, "what should be a block makes no sense; nothing after it can be read", 0);
        return false;
    }

    const auto got_payload = read_up_to(stored_.get(), header.stored_bytes);
    if (!got_payload) {
        damage_ = got_payload.error();
        return false;
    }
    const bool is_chunk = header.kind == RawBlockKind::kChunk;
    if (*got_payload < header.stored_bytes) {
        note_damage(start, "it is cut within a block", is_chunk ? header.items : 0);
        return false;
    }
    const bool intact = payload_checksum({stored_.get(), header.stored_bytes}) == header.payload_checksum;
    const bool read = intact && (is_chunk ? read_chunk(header) : read_trailer(header));
    if (!read) note_damage(start, "a block's contents are damaged", is_chunk ? header.items : 0);
    return is_chunk;
}

bool RawReader::read_chunk(const RawBlockHeader& header) {
    const std::size_t bytes =
        ZSTD_decompressDCtx(zstd_.get(), chunk_.get(), header.raw_bytes, stored_.get(), header.stored_bytes);
    taken_ = 0;
    filled_ = ZSTD_isError(bytes) != 0 ? 0 : bytes;
    if (filled_ == header.raw_bytes && records_add_up(header.items)) return true;
    filled_ = 0;
    return false;
}

// Checked for the whole chunk before its first record is handed out.
bool RawReader::records_add_up(std::uint32_t expected) const {
    std::size_t at = 0;
    std::uint32_t records = 0;
    for (; filled_ - at >= sizeof(RawRecordHeader); ++records) {
        const RawRecordHeader header = record_header_at(chunk_.get() + at);
        at += sizeof(header);
        if (header.length > kMaxRawRecordBytes || padded_to_8(header.length) > filled_ - at) return false;
        at += padded_to_8(header.length);
    }
    return at == filled_ && records == expected;
}

RawEvent RawReader::take_record() {
    const RawRecordHeader header = record_header_at(chunk_.get() + taken_);
    const char* bytes = chunk_.get() + taken_ + sizeof(header);
    taken_ += sizeof(header) + padded_to_8(header.length);
    return {{reinterpret_cast<const std::byte*>(bytes), header.length}};
}

bool RawReader::read_trailer(const RawBlockHeader& header) {
    RawBytesReader in({stored_.get(), header.stored_bytes});
    std::vector<RawCounter> counters;
    while (!in.at_end()) {
        auto name = in.counted_text();
        const auto value = in.number<std::uint64_t>();
        if (!name || !value) return false;
        counters.push_back({std::move(*name), *value});
    }
    if (counters.size() != header.items) return false;
    counters_ = std::move(counters);
    complete_ = true;
    return true;
}

// --- the end --------------------------------------------------------------------------------------------------------

void RawReader::note_damage(std::uint64_t position, std::string how, std::uint64_t records) {
    records_missing_ += records;
    if (damage_) {
        ++further_damage_;
        return;
    }
    damage_ = Error{fmt::format("{} is damaged at byte {}: {}", name_, position, how), {}};
}

Result<std::optional<RawEvent>> RawReader::at_end() {
    ended_ = true;
    if (!damage_) return std::optional<RawEvent>{};
    Error error = *std::exchange(damage_, std::nullopt);
    if (further_damage_ != 0) error.what += fmt::format(", and in {} more places", further_damage_);
    if (records_missing_ != 0) error.what += fmt::format("; {} records are missing", records_missing_);
    return tl::unexpected(std::move(error));
}

}  // namespace footfall
