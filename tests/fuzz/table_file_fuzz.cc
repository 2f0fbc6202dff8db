// The file that keeps an unwind table, made by a process that is not trusted, or damaged on disk. The checksum would stop
// nearly every input, so an odd first byte has it set right before. What is read must be in order, and written again it is
// the same file.
#include <xxhash.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "symbolizer/unwind/table_file.h"
#include "tests/fuzz/checking_sink.h"
#include "tests/unit/unwind/elf_image.h"

namespace footfall {
namespace {

void mend_checksum(Bytes& file) {
    TableFileHeader header{};
    if (file.size() < sizeof header) return;
    std::memcpy(&header, file.data(), sizeof header);
    header.checksum = 0;
    const Checksum state(XXH3_createState());
    XXH3_64bits_reset(state.get());
    XXH3_64bits_update(state.get(), file.data() + sizeof header, file.size() - sizeof header);
    XXH3_64bits_update(state.get(), &header, sizeof header);
    header.checksum = XXH3_64bits_digest(state.get());
    std::memcpy(file.data(), &header, sizeof header);
}

void write_again(const TableFile& table, TableSink& sink) {
    std::vector<ff_unwind_page> pages(table.pages());
    std::vector<ff_unwind_row> rows(table.rows());
    if (!table.read_pages(0, pages) || !table.read_rows(0, rows)) std::abort();
    for (std::size_t i = 0; i < pages.size(); ++i) {
        if (pages[i].rows == 0) continue;
        const auto of_page = std::span(rows).subspan(pages[i].first_row, pages[i].rows);
        if (!sink.on_page(table.first_page() + i, of_page)) std::abort();
    }
}

Bytes contents_of(int fd) {
    Bytes bytes(static_cast<std::size_t>(lseek(fd, 0, SEEK_END)));
    if (pread(fd, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) std::abort();
    return bytes;
}

// A writer begins and ends with a page that has rows, which a reader doesn't ask for.
bool is_tight(const TableFile& table) {
    std::vector<ff_unwind_page> pages(table.pages());
    if (!table.read_pages(0, pages)) std::abort();
    return pages.empty() ? table.first_page() == 0 : pages.front().rows > 0 && pages.back().rows > 0;
}

// Behind a build-id, the header may hold anything.
bool has_plain_header(const TableFile& table, const Bytes& file) {
    TableFileHeader header{};
    std::memcpy(&header, file.data(), sizeof header);
    for (std::size_t i = table.build_id().size(); i < header.build_id.size(); ++i)
        if (header.build_id[i] != 0) return false;
    return true;
}

void read(const Bytes& file) {
    const auto table = TableFile::open(file_of(file));
    if (!table) return;
    const Fd copy(memfd_create("copy", MFD_CLOEXEC));
    TableFileWriter writer(copy.get(), table->build_id());
    CheckingSink sink(writer);
    write_again(*table, sink);
    if (!writer.finish()) std::abort();
    if (is_tight(*table) && has_plain_header(*table, file) && contents_of(copy.get()) != file) std::abort();
}

}  // namespace
}  // namespace footfall

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    footfall::Bytes file(data + 1, data + size);
    if ((data[0] & 1U) != 0) footfall::mend_checksum(file);
    footfall::read(file);
    return 0;
}
