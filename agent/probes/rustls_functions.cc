#include "agent/probes/rustls_functions.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "symbolizer/elf/named_functions.h"

namespace footfall {
namespace {

constexpr std::size_t kMostMethodCode = 4096;

struct RustlsMethod {
    std::string_view path;
    ff_tls_function function;
};
constexpr std::array kMethods{
    RustlsMethod{"rustls::common_state::CommonState::take_received_plaintext", FF_RUSTLS_RECEIVED},
    RustlsMethod{"rustls::common_state::CommonState::send_appdata_encrypt", FF_RUSTLS_SEND},
    RustlsMethod{"rustls::common_state::CommonState::start_outgoing_traffic", FF_RUSTLS_BEGIN},
    RustlsMethod{"rustls::vecbuf::ChunkVecBuffer::write_to", FF_RUSTLS_WRITE},
};

std::optional<TlsFunction> rustls_function(int fd, const NamedFunctions& file, const NamedFunction& named) {
    const auto wanted =
        std::find_if(kMethods.begin(), kMethods.end(), [&](const RustlsMethod& one) { return one.path == named.name; });
    const std::size_t size = named.size != 0 ? std::min<std::size_t>(named.size, kMostMethodCode) : kMostMethodCode;
    const auto code = file.code_at(fd, named.address, size);
    const auto offset = file.file_offset(named.address);
    const SiteNeed need = sees_return(wanted->function) ? SiteNeed::kArgumentsAndReturn : SiteNeed::kArguments;
    const auto site = cheapest_entry_site(code, need, {2});
    if (!offset || !site) return std::nullopt;
    // Before 0.23, the second argument was the address of the plaintext itself.
    if (wanted->function == FF_RUSTLS_SEND && !reads_through_argument(code, 2)) return std::nullopt;
    return TlsFunction{
        wanted->function, std::string(named.name.substr(named.name.rfind(':') + 1)), *offset + site->offset, *site, {}};
}

bool has_function(const TlsFunctions& found, ff_tls_function function) {
    return std::any_of(found.functions.begin(), found.functions.end(),
                       [&](const TlsFunction& one) { return one.function == function; });
}

}  // namespace

TlsFunctions find_rustls_functions(int fd) {
    std::array<std::string_view, kMethods.size()> paths{};
    std::transform(kMethods.begin(), kMethods.end(), paths.begin(), [](const RustlsMethod& wanted) { return wanted.path; });
    const auto named = NamedFunctions::find_rust(fd, paths);
    if (!named || named->functions().empty()) return {};
    TlsFunctions found{"rustls", {}, TlsCalls::kRustls, {}};
    for (const NamedFunction& function : named->functions()) {
        if (auto place = rustls_function(fd, *named, function)) found.functions.push_back(std::move(*place));
    }
    for (const RustlsMethod& wanted : kMethods) {
        if (has_function(found, wanted.function)) continue;
        found.functions.clear();
        found.unseen = "it is older than 0.23, or the compiler has inlined " +
                       std::string(wanted.path.substr(wanted.path.rfind(':') + 1));
        break;
    }
    return found;
}

}  // namespace footfall
