// An unwind table on disk: what the cache keeps of each build of a binary.
//
// The file: a header (magic, version, build-id, counts, checksum), the rows, and the directory with a page for each 2 KiB
// from the first to the last that has code. Everything is in the byte order and layout of bpf/contract/unwind_table.h.
//
// The writer is a sink of the builder. The reader trusts nothing: sizes, checksum, order of rows and extents of pages are
// checked when the file is opened; a file that is cut short or lies is an error. Memory: the writer holds the directory (8
// bytes for 2 KiB of code, at most 8 MiB while it grows), the reader nothing. One thread each.
#pragma once

#include <xxhash.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "agent/base/fd.h"
#include "agent/base/result.h"
#include "symbolizer/unwind/table_sink.h"

namespace footfall {

constexpr std::size_t kMaxTableBuildId = 64;  // bytes
// 1 GiB of addresses that begin anywhere in a page: the rows of more code than that are more than the kernel side holds.
constexpr std::uint32_t kMaxTablePages = (1U << (30 - FF_UNWIND_PAGE_SHIFT)) + 1;

struct TableFileHeader {
    std::array<char, 8> magic;
    std::uint32_t version;
    std::uint32_t build_id_size;
    std::array<std::uint8_t, kMaxTableBuildId> build_id;
    std::uint64_t first_page;  // the number of the directory's first page
    std::uint32_t pages;
    std::uint32_t rows;
    std::uint64_t checksum;  // XXH3 of rows, directory and header, with 0 in this place
};
static_assert(sizeof(TableFileHeader) == 104);

struct FreeChecksum {
    void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
};
using Checksum = std::unique_ptr<XXH3_state_t, FreeChecksum>;

class TableFileWriter final : public TableSink {
public:
    // fd: an empty regular file, borrowed. build_id: its bytes, not its text.
    TableFileWriter(int fd, std::span<const std::uint8_t> build_id);

    Result<void> on_page(std::uint64_t number, std::span<const ff_unwind_row> rows) override;

    // Writes the directory and the header; until then the file is not valid. Does not sync.
    Result<void> finish();

private:
    Result<void> append(const void* bytes, std::size_t size);

    int fd_;
    TableFileHeader header_;
    std::vector<ff_unwind_page> pages_;
    std::uint64_t offset_ = sizeof(TableFileHeader);
    Checksum checksum_;
};

class TableFile {
public:
    // Reads and checks all of the file, through a buffer of 64 KiB.
    static Result<TableFile> open(Fd fd);

    [[nodiscard]] std::span<const std::uint8_t> build_id() const { return {header_.build_id.data(), header_.build_id_size}; }
    [[nodiscard]] std::uint64_t first_page() const { return header_.first_page; }
    [[nodiscard]] std::uint32_t pages() const { return header_.pages; }
    [[nodiscard]] std::uint32_t rows() const { return header_.rows; }

    // Pages of the directory from its `first`-th on, and rows from number `first` on, as many as `into` holds. An error if
    // there are not as many, or they can't be read any more.
    [[nodiscard]] Result<void> read_pages(std::uint32_t first, std::span<ff_unwind_page> into) const;
    [[nodiscard]] Result<void> read_rows(std::uint32_t first, std::span<ff_unwind_row> into) const;

private:
    TableFile(Fd fd, const TableFileHeader& header) : fd_(std::move(fd)), header_(header) {}

    [[nodiscard]] Result<void> check_checksum() const;
    [[nodiscard]] Result<void> check_pages() const;
    [[nodiscard]] Result<void> check_rows(const ff_unwind_page& page) const;

    Fd fd_;
    TableFileHeader header_;
};

}  // namespace footfall
