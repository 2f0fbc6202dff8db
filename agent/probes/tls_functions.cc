#include "agent/probes/tls_functions.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "symbolizer/elf/named_functions.h"

namespace footfall {
namespace {

constexpr std::size_t kCodeLooked = 4096;

struct Wanted {
    std::string_view name;
    ff_tls_function function;
    unsigned arguments;
};

constexpr std::array kOpenSsl{
    Wanted{"SSL_read", FF_TLS_READ, 3},         Wanted{"SSL_write", FF_TLS_WRITE, 3},
    Wanted{"SSL_read_ex", FF_TLS_READ_EX, 4},   Wanted{"SSL_write_ex", FF_TLS_WRITE_EX, 4},
    Wanted{"SSL_sendfile", FF_TLS_SENDFILE, 4}, Wanted{"SSL_do_handshake", FF_TLS_HANDSHAKE, 1},
    Wanted{"SSL_free", FF_TLS_FREE, 1},
};

struct Pair {
    std::string_view plain;
    std::string_view extended;
};
constexpr std::array kWrappers{Pair{"SSL_read", "SSL_read_ex"}, Pair{"SSL_write", "SSL_write_ex"}};

class Finder {
public:
    Finder(int fd, const NamedFunctions& named) : fd_(fd), named_(&named) {}

    void add(const Wanted& wanted) {
        if (const NamedFunction* function = named_->function(wanted.name)) {
            const std::size_t known = function->size != 0 ? std::min<std::size_t>(function->size, kCodeLooked) : kCodeLooked;
            add_at(wanted, std::string(wanted.name), function->address, known);
        }
    }

    // False where there is no inner function of both.
    bool add_inner(const Pair& wrappers, const Wanted& extended) {
        const auto inner = inner_of(wrappers.extended, extended.arguments);
        // SSL_read makes the fourth argument itself, and makes a size_t of the third.
        if (!inner || inner != inner_of(wrappers.plain, 2)) return false;
        // Or they merely ask something first, with their arguments left where they were.
        if (!uses_argument(named_->code_at(fd_, *inner, kCodeLooked), extended.arguments)) return false;
        return add_at(extended, "inside of " + std::string(wrappers.plain), *inner, kCodeLooked);
    }

    [[nodiscard]] std::vector<TlsFunction>& functions() { return functions_; }

private:
    [[nodiscard]] std::optional<std::uint64_t> inner_of(std::string_view name, unsigned arguments) const {
        const NamedFunction* function = named_->function(name);
        if (function == nullptr) return std::nullopt;
        const auto code = named_->code_at(fd_, function->address, std::min<std::size_t>(function->size, kCodeLooked));
        return inner_function(code, function->address, arguments);
    }

    bool add_at(const Wanted& wanted, std::string name, std::uint64_t address, std::size_t most) {
        const SiteNeed need = wanted.function == FF_TLS_FREE ? SiteNeed::kArguments : SiteNeed::kArgumentsAndReturn;
        const auto code = named_->code_at(fd_, address, most);
        const auto site = cheapest_entry_site(code, need, wanted.arguments);
        const auto offset = named_->file_offset(address);
        if (!site || !offset) return false;
        functions_.push_back({wanted.function, std::move(name), *offset + site->offset, *site});
        return true;
    }

    int fd_;
    const NamedFunctions* named_;
    std::vector<TlsFunction> functions_;
};

const Wanted& wanted_of(std::string_view name) {
    return *std::find_if(kOpenSsl.begin(), kOpenSsl.end(), [&](const Wanted& wanted) { return wanted.name == name; });
}

}  // namespace

TlsFunctions find_tls_functions(int fd) {
    std::array<std::string_view, kOpenSsl.size()> names{};
    std::transform(kOpenSsl.begin(), kOpenSsl.end(), names.begin(), [](const Wanted& wanted) { return wanted.name; });
    const auto named = NamedFunctions::find(fd, names);
    // Others have functions of some of these names (GnuTLS's wrapper); what can't read is of no use either.
    if (!named || named->function("SSL_read") == nullptr || named->function("SSL_write") == nullptr) return {};
    Finder finder(fd, *named);
    std::vector<std::string_view> done;
    for (const Pair& pair : kWrappers) {
        if (!finder.add_inner(pair, wanted_of(pair.extended))) continue;
        done.push_back(pair.plain);
        done.push_back(pair.extended);
    }
    for (const Wanted& wanted : kOpenSsl) {
        if (std::find(done.begin(), done.end(), wanted.name) == done.end()) finder.add(wanted);
    }
    return {"OpenSSL", std::move(finder.functions())};
}

unsigned expected_nanoseconds(const TlsFunction& function) {
    constexpr unsigned kEmulated = 950;
    constexpr unsigned kStepped = 13'000;
    constexpr unsigned kReturn = 900;
    const unsigned entry = function.site.emulated ? kEmulated : kStepped;
    return function.function == FF_TLS_FREE ? entry : entry + kReturn;
}

}  // namespace footfall
