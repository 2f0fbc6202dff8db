// The Huffman code of HPACK strings (RFC 7541 §5.2 and Appendix B).
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace footfall::http2 {

// Decodes into out as far as it has room. The length of the text in out; none if these bytes are no such code: it holds the
// end-of-string symbol, or its padding is not the beginning of that.
std::optional<std::size_t> huffman_decode(std::string_view coded, std::span<char> out);

}  // namespace footfall::http2
