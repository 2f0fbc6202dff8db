// Which TLS library a file carries though its functions have no names, by what the library's own messages leave in it: the
// paths of its source files. Only for words to people: where they are absent, nothing is proven.
#pragma once

#include <string_view>

namespace footfall {

// "BoringSSL"; empty: none that is known. Reads the whole file, with pread() only.
std::string_view carried_tls(int fd);

}  // namespace footfall
