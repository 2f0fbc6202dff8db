// The unwind table of whatever file a watched process may have mapped, and the cache's file of one. The same bytes are given
// to both readers; what the builder makes must be in order, and readable again from a file.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <utility>

#include "agent/base/fd.h"
#include "symbolizer/unwind/page_rows.h"
#include "symbolizer/unwind/table_builder.h"
#include "symbolizer/unwind/table_file.h"

namespace {

using footfall::Fd;
using footfall::Result;

// Holds the builder to its promises, and hands on.
class CheckingSink final : public footfall::TableSink {
public:
    explicit CheckingSink(footfall::TableSink& next) : next_(next) {}

    Result<void> on_page(std::uint64_t number, std::span<const ff_unwind_row> rows) override {
        if ((page_ && number <= *page_) || rows.empty() || rows.front().address != 0) abort();
        page_ = number;
        for (std::size_t i = 1; i < rows.size(); ++i)
            if (rows[i].address <= rows[i - 1].address || rows[i].cfa > FF_CFA_UNSUPPORTED) abort();
        if (footfall::find_row(rows, 0xffff) != &rows.back()) abort();
        return next_.on_page(number, rows);
    }

private:
    footfall::TableSink& next_;
    std::optional<std::uint64_t> page_;
};

void build(int fd) {
    Fd table(memfd_create("table", MFD_CLOEXEC));
    footfall::TableFileWriter writer(table.get(), {});
    CheckingSink sink(writer);
    if (!footfall::build_unwind_table(fd, sink)) return;
    if (!writer.finish() || !footfall::TableFile::open(std::move(table))) abort();
}

void read_table(Fd fd) {
    const auto table = footfall::TableFile::open(std::move(fd));
    if (!table || table->rows() == 0) return;
    ff_unwind_row last{};
    if (!table->read_rows(table->rows() - 1, {&last, 1})) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Fd file(memfd_create("input", MFD_CLOEXEC));
    if (!file.valid() || write(file.get(), data, size) != static_cast<ssize_t>(size)) return 0;
    build(file.get());
    read_table(std::move(file));
    return 0;
}
