#include "symbolizer/unwind/table_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace footfall {
namespace {

constexpr std::array<char, 8> kMagic = {'f', 'f', 'u', 'n', 'w', 'i', 'n', 'd'};
constexpr std::uint32_t kVersion = 5;  // of the layout, and of what the builder makes of a binary
constexpr std::size_t kPieceBytes = std::size_t{64} << 10;

Result<void> read_exactly(int fd, std::uint64_t offset, void* into, std::size_t size) {
    auto* bytes = static_cast<char*>(into);
    while (size > 0) {
        const ssize_t count = pread(fd, bytes, size, static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return system_failure("cannot read the unwind table", errno);
        if (count == 0) return failure("the unwind table is cut short");
        bytes += count;
        offset += static_cast<std::uint64_t>(count);
        size -= static_cast<std::size_t>(count);
    }
    return {};
}

Result<void> write_exactly(int fd, std::uint64_t offset, const void* from, std::size_t size) {
    const auto* bytes = static_cast<const char*>(from);
    while (size > 0) {
        const ssize_t count = pwrite(fd, bytes, size, static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return system_failure("cannot write the unwind table", errno);
        bytes += count;
        offset += static_cast<std::uint64_t>(count);
        size -= static_cast<std::size_t>(count);
    }
    return {};
}

std::uint64_t size_of(const TableFileHeader& header) {
    return sizeof header + header.rows * std::uint64_t{sizeof(ff_unwind_row)} +
           header.pages * std::uint64_t{sizeof(ff_unwind_page)};
}

Checksum start_checksum() {
    Checksum state(XXH3_createState());
    XXH3_64bits_reset(state.get());
    return state;
}

std::uint64_t finish_checksum(const Checksum& state, TableFileHeader header) {
    header.checksum = 0;
    XXH3_64bits_update(state.get(), &header, sizeof header);
    return XXH3_64bits_digest(state.get());
}

bool is_well_formed(const TableFileHeader& header) {
    const std::uint64_t last = header.first_page + header.pages;
    return header.magic == kMagic && header.version == kVersion && header.build_id_size <= kMaxTableBuildId &&
           header.pages <= kMaxTablePages && last >= header.first_page;
}

}  // namespace

TableFileWriter::TableFileWriter(int fd, std::span<const std::uint8_t> build_id)
    : fd_(fd), header_{}, checksum_(start_checksum()) {
    header_.magic = kMagic;
    header_.version = kVersion;
    header_.build_id_size = static_cast<std::uint32_t>(std::min(build_id.size(), kMaxTableBuildId));
    std::copy_n(build_id.begin(), header_.build_id_size, header_.build_id.begin());
}

Result<void> TableFileWriter::on_page(std::uint64_t number, std::span<const ff_unwind_row> rows) {
    if (pages_.empty()) header_.first_page = number;
    const std::uint64_t index = number - header_.first_page;
    if (index < pages_.size() || index >= kMaxTablePages) return failure("the unwind table spans more than 1 GiB");
    pages_.resize(static_cast<std::size_t>(index), {header_.rows, 0});
    pages_.push_back({header_.rows, static_cast<__u32>(rows.size())});
    header_.rows += static_cast<std::uint32_t>(rows.size());
    return append(rows.data(), rows.size_bytes());
}

Result<void> TableFileWriter::finish() {
    header_.pages = static_cast<std::uint32_t>(pages_.size());
    if (auto written = append(pages_.data(), pages_.size() * sizeof pages_[0]); !written) return written;
    header_.checksum = finish_checksum(checksum_, header_);
    return write_exactly(fd_, 0, &header_, sizeof header_);
}

Result<void> TableFileWriter::append(const void* bytes, std::size_t size) {
    XXH3_64bits_update(checksum_.get(), bytes, size);
    auto written = write_exactly(fd_, offset_, bytes, size);
    offset_ += size;
    return written;
}

Result<TableFile> TableFile::open(Fd fd) {
    struct stat status {};
    if (fstat(fd.get(), &status) != 0) return system_failure("cannot look at the unwind table", errno);
    TableFileHeader header{};
    if (auto got = read_exactly(fd.get(), 0, &header, sizeof header); !got) return tl::unexpected(got.error());
    if (!is_well_formed(header)) return failure("it is no unwind table of this version");
    if (static_cast<std::uint64_t>(status.st_size) != size_of(header))
        return failure("the unwind table has not the size that it says");
    TableFile file(std::move(fd), header);
    if (auto sound = file.check_checksum(); !sound) return tl::unexpected(sound.error());
    if (auto sound = file.check_pages(); !sound) return tl::unexpected(sound.error());
    return file;
}

Result<void> TableFile::check_checksum() const {
    const Checksum state = start_checksum();
    std::vector<char> piece(kPieceBytes);
    const std::uint64_t end = size_of(header_);
    for (std::uint64_t offset = sizeof header_; offset < end; offset += kPieceBytes) {
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(kPieceBytes, end - offset));
        if (auto got = read_exactly(fd_.get(), offset, piece.data(), size); !got) return got;
        XXH3_64bits_update(state.get(), piece.data(), size);
    }
    if (finish_checksum(state, header_) != header_.checksum) return failure("the unwind table is damaged");
    return {};
}

Result<void> TableFile::check_pages() const {
    std::array<ff_unwind_page, 512> pages{};
    std::uint32_t rows = 0;
    for (std::uint32_t first = 0; first < header_.pages; first += pages.size()) {
        const auto piece = std::span(pages).first(std::min<std::size_t>(pages.size(), header_.pages - first));
        if (auto got = read_pages(first, piece); !got) return got;
        for (const ff_unwind_page& page : piece) {
            if (page.first_row != rows || page.rows > header_.rows - rows)
                return failure("the unwind table's directory contradicts itself");
            if (auto sound = check_rows(page); !sound) return sound;
            rows += page.rows;
        }
    }
    if (rows != header_.rows) return failure("the unwind table has rows of no page");
    return {};
}

Result<void> TableFile::check_rows(const ff_unwind_page& page) const {
    std::array<ff_unwind_row, 512> rows{};
    std::uint32_t lowest = 0;  // that the next row's address may be
    for (std::uint32_t first = 0; first < page.rows; first += rows.size()) {
        const auto piece = std::span(rows).first(std::min<std::size_t>(rows.size(), page.rows - first));
        if (auto got = read_rows(page.first_row + first, piece); !got) return got;
        for (const ff_unwind_row& row : piece) {
            const bool in_page = row.address >= lowest && row.address < FF_UNWIND_PAGE_BYTES;
            if (!in_page || (lowest == 0 && row.address != 0) || row.cfa > FF_CFA_UNSUPPORTED)
                return failure("the unwind table's rows are not in order");
            lowest = row.address + 1U;
        }
    }
    return {};
}

Result<void> TableFile::read_pages(std::uint32_t first, std::span<ff_unwind_page> into) const {
    if (first > header_.pages || into.size() > header_.pages - first)
        return failure("the unwind table has not as many pages");
    const std::uint64_t pages_at = sizeof header_ + header_.rows * std::uint64_t{sizeof(ff_unwind_row)};
    return read_exactly(fd_.get(), pages_at + first * std::uint64_t{sizeof(ff_unwind_page)}, into.data(), into.size_bytes());
}

Result<void> TableFile::read_rows(std::uint32_t first, std::span<ff_unwind_row> into) const {
    if (first > header_.rows || into.size() > header_.rows - first) return failure("the unwind table has not as many rows");
    return read_exactly(fd_.get(), sizeof header_ + first * std::uint64_t{sizeof(ff_unwind_row)}, into.data(),
                        into.size_bytes());
}

}  // namespace footfall
