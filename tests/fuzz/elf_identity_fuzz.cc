// The build-id of whatever file a watched process may have been started from.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "agent/base/fd.h"
#include "symbolizer/elf/identity.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const footfall::Fd file(memfd_create("input", MFD_CLOEXEC));
    if (!file.valid() || write(file.get(), data, size) != static_cast<ssize_t>(size)) return 0;
    const auto id = footfall::read_build_id("/proc/self/fd/" + std::to_string(file.get()));
    if (id && (id->empty() || id->size() > 128)) abort();
    return 0;
}
