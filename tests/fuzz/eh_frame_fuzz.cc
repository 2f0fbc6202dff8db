// The unwind table of whatever file a watched process may have mapped: what the builder makes must be in order, and readable
// again from a file.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include "agent/base/fd.h"
#include "symbolizer/unwind/table_builder.h"
#include "symbolizer/unwind/table_file.h"
#include "tests/fuzz/checking_sink.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const footfall::Fd file(memfd_create("input", MFD_CLOEXEC));
    if (!file.valid() || write(file.get(), data, size) != static_cast<ssize_t>(size)) return 0;
    footfall::Fd table(memfd_create("table", MFD_CLOEXEC));
    footfall::TableFileWriter writer(table.get(), {});
    footfall::CheckingSink sink(writer);
    if (!footfall::build_unwind_table(file.get(), sink)) return 0;
    if (!writer.finish() || !footfall::TableFile::open(std::move(table))) abort();
    return 0;
}
