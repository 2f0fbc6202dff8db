#include "symbolizer/names/demangle.h"

#define HAVE_DECL_BASENAME 1  // glibc's, which libiberty's header would contradict
#include <libiberty/demangle.h>
#include <llvm/Demangle/Demangle.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

namespace footfall {
namespace {

constexpr std::size_t kMaxNameBytes = std::size_t{64} << 10;
constexpr std::size_t kMaxDNameBytes = std::size_t{4} << 10;  // a call of libiberty's for every "function of" that it says
constexpr std::string_view kRustHash = "::h0123456789abcdef";

struct Free {
    void operator()(char* text) const { std::free(text); }
};
using MallocText = std::unique_ptr<char, Free>;

// How rustc spells, in legacy names, what Itanium names cannot hold.
constexpr std::array<std::pair<std::string_view, std::string_view>, 21> kRustEscapes = {{
    {"$SP$", "@"},  {"$BP$", "*"},  {"$RF$", "&"},   {"$LT$", "<"},  {"$GT$", ">"},  {"$LP$", "("},  {"$RP$", ")"},
    {"$C$", ","},   {"$u20$", " "}, {"$u22$", "\""}, {"$u27$", "'"}, {"$u2b$", "+"}, {"$u3b$", ";"}, {"$u5b$", "["},
    {"$u5d$", "]"}, {"$u7b$", "{"}, {"$u7d$", "}"},  {"$u7e$", "~"}, {"$u3d$", "="}, {"$u3a$", ":"}, {"..", "::"},
}};

bool ends_with_rust_hash(std::string_view name) {
    if (name.size() <= kRustHash.size()) return false;
    const std::string_view tail = name.substr(name.size() - kRustHash.size());
    return tail.starts_with("::h") &&
           std::all_of(tail.begin() + 3, tail.end(), [](char c) { return std::isdigit(c) != 0 || (c >= 'a' && c <= 'f'); });
}

std::string without_rust_escapes(std::string_view name) {
    std::string plain;
    while (!name.empty()) {
        const auto escape = std::find_if(kRustEscapes.begin(), kRustEscapes.end(),
                                         [&](const auto& row) { return name.starts_with(row.first); });
        const bool escaped = escape != kRustEscapes.end();
        plain += escaped ? escape->second : name.substr(0, 1);
        name.remove_prefix(escaped ? escape->first.size() : 1);
    }
    return plain;
}

std::string legacy_rust_name(std::string_view name) {
    name.remove_suffix(kRustHash.size());
    std::string plain;
    for (std::size_t at = 0; at <= name.size();) {  // path elements that begin with an escape have a '_' before it
        std::size_t end = name.find("::", at);
        if (end == std::string_view::npos) end = name.size();
        std::string_view element = name.substr(at, end - at);
        if (element.starts_with("_$")) element.remove_prefix(1);
        if (!plain.empty()) plain += "::";
        plain += without_rust_escapes(element);
        at = end + 2;
    }
    return plain;
}

}  // namespace

std::string demangled(std::string_view name) {
    const bool is_itanium = name.starts_with("_Z") || name.starts_with("___Z");
    const bool is_rust = name.starts_with("_R");
    const bool is_d = name.starts_with("_D");
    if (name.size() > (is_d ? kMaxDNameBytes : kMaxNameBytes) || !(is_itanium || is_rust || is_d)) return std::string(name);
    std::string mangled(name);
    const MallocText text(is_itanium ? llvm::itaniumDemangle(mangled.c_str(), nullptr, nullptr, nullptr)
                          : is_rust  ? llvm::rustDemangle(mangled.c_str(), nullptr, nullptr, nullptr)
                                     : dlang_demangle(mangled.c_str(), 0));
    if (!text) return mangled;
    const std::string_view result = text.get();
    return is_itanium && ends_with_rust_hash(result) ? legacy_rust_name(result) : std::string(result);
}

}  // namespace footfall
