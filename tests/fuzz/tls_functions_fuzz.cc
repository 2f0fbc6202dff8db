// The functions that are looked for in whatever file a watched process has mapped, and where probes would go in their code.
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "agent/base/fd.h"
#include "symbolizer/elf/entry_site.h"
#include "symbolizer/elf/instruction.h"
#include "symbolizer/elf/named_functions.h"

using footfall::NamedFunction;
using footfall::NamedFunctions;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t kMostCode = 4096;
    constexpr std::array<std::string_view, 3> kNames{"SSL_read", "main", "f"};
    const std::span<const std::uint8_t> bytes(data, size);
    const auto site = footfall::cheapest_entry_site(bytes, footfall::SiteNeed::kArgumentsAndReturn, {4});
    if (site && site->offset >= size) abort();
    const auto probed = site ? footfall::InstructionDecoder().decode_plain(bytes.subspan(site->offset)) : std::nullopt;
    if (site && !(probed && footfall::takes_probe(*probed))) abort();
    footfall::inner_function(bytes, 0x1000, 4);
    footfall::uses_argument(bytes, 4);

    const footfall::Fd file(memfd_create("input", MFD_CLOEXEC));
    if (!file.valid() || write(file.get(), data, size) != static_cast<ssize_t>(size)) return 0;
    const auto found = NamedFunctions::find(file.get(), kNames);
    if (!found) return 0;
    for (const NamedFunction& function : found->functions()) {
        const auto code = found->code_at(file.get(), function.address, kMostCode);
        if (code.size() > kMostCode || (!code.empty() && !found->file_offset(function.address))) abort();
    }
    return 0;
}
