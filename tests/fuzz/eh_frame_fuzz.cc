// The unwind information of whatever file a watched process may have mapped: the table that the builder makes must be in
// order, and readable again from a file; a function must lie around the address that it was found by.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include "agent/base/fd.h"
#include "symbolizer/unwind/function_bounds.h"
#include "symbolizer/unwind/table_builder.h"
#include "symbolizer/unwind/table_file.h"
#include "tests/fuzz/checking_sink.h"

constexpr std::uint64_t kProbed = 0x8000;  // where the code of small programs lies

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const footfall::Fd file(memfd_create("input", MFD_CLOEXEC));
    if (!file.valid() || write(file.get(), data, size) != static_cast<ssize_t>(size)) return 0;
    if (const auto bounds = footfall::FunctionBounds::open(file.get())) {
        for (std::uint64_t address = 0; address < kProbed; address += kProbed / 64) {
            const auto function = bounds->find(address);
            if (function && !function->holds(address)) abort();
        }
    }
    footfall::Fd table(memfd_create("table", MFD_CLOEXEC));
    footfall::TableFileWriter writer(table.get(), {});
    footfall::CheckingSink sink(writer);
    if (!footfall::build_unwind_table(file.get(), sink)) return 0;
    if (!writer.finish() || !footfall::TableFile::open(std::move(table))) abort();
    return 0;
}
