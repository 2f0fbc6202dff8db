// Symbols of a file against the method that is looked for among them: a line with its path, and the symbol.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "symbolizer/names/rust_method.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return 0;
    const footfall::RustMethod method(text.substr(0, end));
    const std::string symbol(text.substr(end + 1));
    const bool is = method.is(symbol);
    // Only symbols that have the needle are asked for.
    if (is && symbol.find(method.needle()) == std::string::npos) std::abort();
    if (is && !symbol.starts_with("_ZN") && !symbol.starts_with("_RNvM")) std::abort();
    if (is != method.is(symbol + ".llvm.897645155419263266")) std::abort();
    return 0;
}
