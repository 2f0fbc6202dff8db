#include "agent/probes/tls_functions.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string_view>

#include "agent/probes/rustls_functions.h"
#include "symbolizer/elf/go_functions.h"
#include "symbolizer/elf/named_functions.h"

namespace footfall {
namespace {

constexpr std::size_t kCodeLooked = 4096;

struct Wanted {
    std::string_view name;
    ff_tls_function function;
    unsigned arguments;
};

// Two functions that only hand their arguments on, the second one unchanged.
struct Wrappers {
    std::string_view plain;
    std::string_view extended;
};

struct Library {
    std::string_view name;
    std::array<std::string_view, 2> needed;  // without these there is nothing to read
    std::span<const Wanted> functions;
    std::span<const Wrappers> wrappers;
};

// openssl/ssl.h; BoringSSL has those without _ex.
constexpr std::array kOpenSsl{
    Wanted{"SSL_read", FF_TLS_READ, 3},         Wanted{"SSL_write", FF_TLS_WRITE, 3},
    Wanted{"SSL_read_ex", FF_TLS_READ_EX, 4},   Wanted{"SSL_write_ex", FF_TLS_WRITE_EX, 4},
    Wanted{"SSL_sendfile", FF_TLS_SENDFILE, 4}, Wanted{"SSL_do_handshake", FF_TLS_DO_HANDSHAKE, 1},
    Wanted{"SSL_free", FF_TLS_FREE, 1},
};
constexpr std::array kOpenSslWrappers{Wrappers{"SSL_read", "SSL_read_ex"}, Wrappers{"SSL_write", "SSL_write_ex"}};

// gnutls/gnutls.h
constexpr std::array kGnuTls{
    Wanted{"gnutls_record_recv", FF_TLS_READ, 3},
    Wanted{"gnutls_record_send", FF_TLS_WRITE, 3},
    Wanted{"gnutls_handshake", FF_TLS_DO_HANDSHAKE, 1},
    Wanted{"gnutls_deinit", FF_TLS_FREE, 1},
};

// nspr/prio.h: these are for files and plain sockets, too, but only TLS connections are tied to them.
constexpr std::array kNspr{
    Wanted{"PR_Read", FF_TLS_READ, 3},  Wanted{"PR_Write", FF_TLS_WRITE, 3}, Wanted{"PR_Recv", FF_TLS_RECV, 4},
    Wanted{"PR_Send", FF_TLS_WRITE, 3}, Wanted{"PR_Close", FF_TLS_FREE, 1},
};

constexpr std::array kLibraries{
    Library{"OpenSSL", {"SSL_read", "SSL_write"}, kOpenSsl, kOpenSslWrappers},
    Library{"GnuTLS", {"gnutls_record_recv", "gnutls_record_send"}, kGnuTls, {}},
    Library{"NSS", {"PR_Recv", "PR_Send"}, kNspr, {}},
};

class Finder {
public:
    Finder(int fd, const NamedFunctions& named) : fd_(fd), named_(&named) {}

    std::vector<TlsFunction> find(const Library& library) {
        std::vector<std::string_view> done;
        for (const Wrappers& wrappers : library.wrappers) {
            if (!add_inner(wrappers, library)) continue;
            done.push_back(wrappers.plain);
            done.push_back(wrappers.extended);
        }
        for (const Wanted& wanted : library.functions) {
            if (std::find(done.begin(), done.end(), wanted.name) == done.end()) add(wanted);
        }
        return std::move(functions_);
    }

private:
    void add(const Wanted& wanted) {
        const NamedFunction* function = named_->function(wanted.name);
        if (function == nullptr) return;
        const std::size_t known = function->size != 0 ? std::min<std::size_t>(function->size, kCodeLooked) : kCodeLooked;
        add_at(wanted, std::string(wanted.name), function->address, known);
    }

    // False where there is no inner function of both.
    bool add_inner(const Wrappers& wrappers, const Library& library) {
        const auto extended = std::find_if(library.functions.begin(), library.functions.end(),
                                           [&](const Wanted& wanted) { return wanted.name == wrappers.extended; });
        const auto inner = inner_of(wrappers.extended, extended->arguments);
        // The plain one makes the fourth argument itself, and makes a size_t of the third.
        if (!inner || inner != inner_of(wrappers.plain, 2)) return false;
        // Or they merely ask something first, with their arguments left where they were.
        if (!uses_argument(named_->code_at(fd_, *inner, kCodeLooked), extended->arguments)) return false;
        return add_at(*extended, "inside of " + std::string(wrappers.plain), *inner, kCodeLooked);
    }

    [[nodiscard]] std::optional<std::uint64_t> inner_of(std::string_view name, unsigned arguments) const {
        const NamedFunction* function = named_->function(name);
        if (function == nullptr) return std::nullopt;
        const auto code = named_->code_at(fd_, function->address, std::min<std::size_t>(function->size, kCodeLooked));
        return inner_function(code, function->address, arguments);
    }

    bool add_at(const Wanted& wanted, std::string name, std::uint64_t address, std::size_t most) {
        const SiteNeed need = sees_return(wanted.function) ? SiteNeed::kArgumentsAndReturn : SiteNeed::kArguments;
        const auto site = cheapest_entry_site(named_->code_at(fd_, address, most), need, {wanted.arguments});
        const auto offset = named_->file_offset(address);
        if (!site || !offset) return false;
        // Two names of one function are one.
        const bool known = std::any_of(functions_.begin(), functions_.end(), [&](const TlsFunction& other) {
            return other.file_offset == *offset + site->offset;
        });
        if (!known) functions_.push_back({wanted.function, std::move(name), *offset + site->offset, *site, {}});
        return true;
    }

    int fd_;
    const NamedFunctions* named_;
    std::vector<TlsFunction> functions_;
};

// crypto/tls: the receiver (*Conn) is the first argument. A handshake is one of these two, once for a connection.
constexpr std::array kGo{
    Wanted{"crypto/tls.(*Conn).Read", FF_TLS_READ, 0},
    Wanted{"crypto/tls.(*Conn).Write", FF_GO_WRITE, 0},
    Wanted{"crypto/tls.(*Conn).serverHandshake", FF_TLS_DO_HANDSHAKE, 0},
    Wanted{"crypto/tls.(*Conn).clientHandshake", FF_TLS_DO_HANDSHAKE, 0},
    Wanted{"crypto/tls.(*Conn).Close", FF_TLS_FREE, 0},
};

std::vector<std::uint8_t> go_code(int fd, const NamedFunctions& file, const GoFunctions::Extent& extent) {
    constexpr std::size_t kMostCode = 65536;
    return file.code_at(fd, extent.start, std::min<std::uint64_t>(extent.end - extent.start, kMostCode));
}

std::optional<TlsCalls> go_calls_of(std::span<const std::uint8_t> code) {
    if (begins_like_go(code)) return TlsCalls::kGo;
    return begins_like_old_go(code) ? std::optional(TlsCalls::kGoStack) : std::nullopt;
}

std::optional<TlsFunction> go_function(int fd, const NamedFunctions& file, const GoFunctions::Extent& extent,
                                       TlsCalls calls) {
    const auto wanted = std::find_if(kGo.begin(), kGo.end(), [&](const Wanted& go) { return go.name == extent.name; });
    const auto code = go_code(fd, file, extent);
    const auto offset = file.file_offset(extent.start);
    // Arguments on the stack are found while it has not moved.
    const auto site = cheapest_entry_site(code, SiteNeed::kArgumentsAndReturn, {});
    if (!offset || !site || go_calls_of(code) != calls) return std::nullopt;
    TlsFunction function{wanted->function, std::string(extent.name), *offset + site->offset, *site, {}};
    if (!sees_return(wanted->function)) return function;
    for (const std::uint64_t at : return_sites(code)) function.returns.push_back(*offset + at);
    return function;
}

TlsFunctions find_in_go(int fd, const NamedFunctions& file) {
    const auto table = GoFunctions::open(fd);
    if (!table) return {};
    std::array<std::string_view, kGo.size()> names{};
    std::transform(kGo.begin(), kGo.end(), names.begin(), [](const Wanted& wanted) { return wanted.name; });
    TlsFunctions found{"Go crypto/tls", {}, TlsCalls::kGo, {}};
    for (const GoFunctions::Extent& extent : table->named(names)) {
        if (found.functions.empty()) found.calls = go_calls_of(go_code(fd, file, extent)).value_or(found.calls);
        if (auto function = go_function(fd, file, extent, found.calls)) found.functions.push_back(std::move(*function));
    }
    return found.functions.empty() ? TlsFunctions{} : found;
}

std::vector<std::string_view> all_names() {
    std::vector<std::string_view> names;
    for (const Library& library : kLibraries) {
        for (const Wanted& wanted : library.functions) names.push_back(wanted.name);
    }
    return names;
}

}  // namespace

bool sees_return(ff_tls_function function) {
    return function != FF_TLS_FREE && function != FF_GO_WRITE && function != FF_RUSTLS_BEGIN &&
           function != FF_RUSTLS_RECEIVED;
}

TlsFunctions find_tls_functions(int fd) {
    const std::vector<std::string_view> names = all_names();
    const auto named = NamedFunctions::find(fd, names);
    if (!named) return {};
    for (const Library& library : kLibraries) {
        const bool complete = std::all_of(library.needed.begin(), library.needed.end(),
                                          [&](std::string_view name) { return named->function(name) != nullptr; });
        if (complete) return {std::string(library.name), Finder(fd, *named).find(library), TlsCalls::kC, {}};
    }
    TlsFunctions found = find_rustls_functions(fd);
    return found.library.empty() ? find_in_go(fd, *named) : found;
}

unsigned expected_nanoseconds(const TlsFunction& function) {
    constexpr unsigned kEmulated = 950;
    constexpr unsigned kStepped = 13'000;
    constexpr unsigned kReturn = 900;
    const unsigned entry = function.site.emulated ? kEmulated : kStepped;
    if (!function.returns.empty()) return entry + kStepped;
    return sees_return(function.function) ? entry + kReturn : entry;
}

}  // namespace footfall
