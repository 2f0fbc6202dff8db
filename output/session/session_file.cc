#include "output/session/session_file.h"

#include <fcntl.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include <zstd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>

#include "agent/base/fd.h"
#include "agent/base/file_magic.h"
#include "output/session/utf8.h"

namespace footfall {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

static_assert(std::endian::native == std::endian::little, "the header is written as it lies in memory");

constexpr int kCompressionLevel = 3;

struct FileHeader {
    std::array<char, 8> magic = kSessionFileMagic;
    std::uint32_t version = kSessionFileVersion;
    std::uint32_t reserved = 0;
    std::uint64_t snapshot_bytes = 0;
    std::uint64_t stored_bytes = 0;
    std::uint64_t checksum = 0;
};
static_assert(sizeof(FileHeader) == 40);

std::uint64_t checksum_of(const FileHeader& header, std::string_view stored) {
    const std::array<std::uint64_t, 3> fields = {header.version, header.snapshot_bytes, header.stored_bytes};
    return XXH3_64bits_withSeed(stored.data(), stored.size(), XXH3_64bits(fields.data(), sizeof(fields)));
}

// How many messages are nested in the serialized one, or nothing if that is more than `budget` or the bytes are no message.
// A message takes a hundred times its serialized size in memory, so this is known before anything is built.
bool fits_budget(CodedInputStream& in, const Descriptor& type, std::uint32_t& budget, int depth) {
    constexpr int kMaxDepth = 16;
    if (depth > kMaxDepth) return false;
    while (const std::uint32_t tag = in.ReadTag()) {
        const FieldDescriptor* field = type.FindFieldByNumber(WireFormatLite::GetTagFieldNumber(tag));
        if (field == nullptr && budget-- == 0) return false;  // kept as unknown, at a cost
        const bool nested = field != nullptr && field->message_type() != nullptr &&
                            WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
        if (!nested) {
            if (!WireFormatLite::SkipField(&in, tag)) return false;
            continue;
        }
        int length = 0;
        if (budget-- == 0 || !in.ReadVarintSizeAsInt(&length)) return false;
        const auto limit = in.PushLimit(length);
        if (!fits_budget(in, *field->message_type(), budget, depth + 1) || in.BytesUntilLimit() != 0) return false;
        in.PopLimit(limit);
    }
    return true;
}

bool is_plausible(const std::string& bytes) {
    CodedInputStream in(reinterpret_cast<const std::uint8_t*>(bytes.data()), static_cast<int>(bytes.size()));
    std::uint32_t budget = kMaxSnapshotMessages;
    return fits_budget(in, *Snapshot::descriptor(), budget, 0);
}

tl::unexpected<Error> damaged(const std::string& name, const std::string& how) {
    return failure(fmt::format("{} is damaged: {}", name, how),
                   "record the session again, or copy the file again from where it came");
}

// Grows with what really comes out, not with what the header says will.
Result<std::string> decompress(std::string_view stored, std::uint64_t expected, const std::string& name) {
    const std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream(ZSTD_createDStream(), ZSTD_freeDStream);
    if (stream == nullptr) return failure("cannot read " + name + ": no memory");
    std::string out;
    std::string piece(ZSTD_DStreamOutSize(), '\0');
    ZSTD_inBuffer in{stored.data(), stored.size(), 0};
    std::size_t more = 1;
    while (more != 0) {
        ZSTD_outBuffer to{piece.data(), piece.size(), 0};
        const std::size_t before = in.pos;
        more = ZSTD_decompressStream(stream.get(), &to, &in);
        if (ZSTD_isError(more) != 0) return damaged(name, ZSTD_getErrorName(more));
        if (more != 0 && to.pos == 0 && in.pos == before) return damaged(name, "its compressed part ends early");
        out.append(piece, 0, to.pos);
        if (out.size() > expected) return damaged(name, "it holds more than its header says");
    }
    if (out.size() != expected || in.pos != stored.size()) return damaged(name, "its length is not what its header says");
    return out;
}

Result<FileHeader> read_header(std::string_view bytes, const std::string& name) {
    FileHeader header;
    const std::size_t compared = std::min(bytes.size(), kSessionFileMagic.size());
    if (bytes.empty() || std::memcmp(bytes.data(), kSessionFileMagic.data(), compared) != 0) {
        const bool is_raw = bytes.starts_with(std::string_view(kRawFileMagic.data(), kRawFileMagic.size()));
        return failure(name + " is not a footfall session file",
                       is_raw ? "it holds raw events: footfall replay " + name : "");
    }
    if (bytes.size() < sizeof(header)) return damaged(name, fmt::format("it ends after {} bytes", bytes.size()));
    std::memcpy(&header, bytes.data(), sizeof(header));
    if (header.version > kSessionFileVersion) {
        return failure(fmt::format("{} was written by a newer footfall (layout {}, this one reads up to {})", name,
                                   header.version, kSessionFileVersion),
                       "read it with that footfall, or a newer one");
    }
    if (header.version == 0 || header.snapshot_bytes > kMaxSnapshotBytes) return damaged(name, "its header makes no sense");
    return header;
}

Result<std::string> read_whole(const std::string& path) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid())
        return system_failure("cannot open " + path, errno, {}, errno == ENOENT ? ExitCode::kNoTarget : ExitCode::kFailed);
    std::string bytes;
    std::string piece(std::size_t{1} << 16U, '\0');
    while (true) {
        const ssize_t got = ::read(fd.get(), piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return system_failure("cannot read " + path, errno);
        if (got == 0) return bytes;
        bytes.append(piece, 0, static_cast<std::size_t>(got));
        if (bytes.size() > ZSTD_compressBound(kMaxSnapshotBytes) + sizeof(FileHeader)) {
            return failure(path + " is not a footfall session file: too long");
        }
    }
}

}  // namespace

Result<void> write_session_file(const std::string& path, const Snapshot& snapshot, IfExists if_exists) {
    if (auto free = check_destination(path, if_exists); !free) return free;
    Snapshot clean = snapshot;
    make_strings_utf8(clean);
    const std::string serialized = clean.SerializeAsString();
    if (serialized.size() > kMaxSnapshotBytes || !is_plausible(serialized)) {
        return failure(
            fmt::format("cannot write {}: the session is too large ({} operations)", path, clean.operations_size()));
    }

    FileHeader header;
    std::string file(sizeof(header) + ZSTD_compressBound(serialized.size()), '\0');
    const std::size_t stored = ZSTD_compress(file.data() + sizeof(header), file.size() - sizeof(header), serialized.data(),
                                             serialized.size(), kCompressionLevel);
    if (ZSTD_isError(stored) != 0) return failure("cannot write " + path + ": " + ZSTD_getErrorName(stored));
    file.resize(sizeof(header) + stored);
    header.snapshot_bytes = serialized.size();
    header.stored_bytes = stored;
    header.checksum = checksum_of(header, std::string_view(file).substr(sizeof(header)));
    std::memcpy(file.data(), &header, sizeof(header));
    return write_file_atomically(path, file, if_exists);
}

Result<Snapshot> parse_session_file(std::string_view bytes, const std::string& name) {
    const auto header = read_header(bytes, name);
    if (!header) return tl::unexpected(header.error());
    const std::string_view stored = bytes.substr(sizeof(FileHeader));
    if (stored.size() < header->stored_bytes) {
        return damaged(name,
                       fmt::format("{} of {} bytes are there", bytes.size(), header->stored_bytes + sizeof(FileHeader)));
    }
    if (stored.size() != header->stored_bytes) return damaged(name, "something follows its end");
    if (checksum_of(*header, stored) != header->checksum) return damaged(name, "its checksum does not match its contents");

    const auto serialized = decompress(stored, header->snapshot_bytes, name);
    if (!serialized) return tl::unexpected(serialized.error());
    Snapshot snapshot;
    if (!is_plausible(*serialized) || !snapshot.ParseFromString(*serialized)) {
        return damaged(name, "its contents are not a session");
    }
    return snapshot;
}

Result<Snapshot> read_session_file(const std::string& path) {
    const auto bytes = read_whole(path);
    if (!bytes) return tl::unexpected(bytes.error());
    return parse_session_file(*bytes, path);
}

}  // namespace footfall
