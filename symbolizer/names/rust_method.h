// Recognises the symbol of one method among the mangled names of a Rust program, without a demangler: their names are not
// trusted, and all of a file are looked at.
//
// Both of Rust's manglings, with what a linker may append (".llvm.123"): legacy (_ZN…17h0123456789abcdefE) and v0 (Rust RFC
// 2603), of which only methods of types that are not generic are known. Threads: any; no state.
#pragma once

#include <string>
#include <string_view>

namespace footfall {

class RustMethod {
public:
    // "crate::module::Type::method", with at least one module
    explicit RustMethod(std::string_view path);

    // What each of its symbols has in it: "6method"
    [[nodiscard]] std::string_view needle() const { return needle_; }
    [[nodiscard]] bool is(std::string_view symbol) const;

private:
    [[nodiscard]] bool is_legacy(std::string_view symbol) const;
    [[nodiscard]] bool is_v0(std::string_view symbol) const;

    std::string needle_;
    std::string legacy_;  // up to the hash
    std::string module_;  // of v0: from the crate's name to what says that a type of it follows
    std::string v0_end_;  // type and method
};

}  // namespace footfall
