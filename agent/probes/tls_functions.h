// Which functions of a file move plaintext, and where to put probes on them. A file may be a TLS library, or a program or
// module that carries one.
//
// OpenSSL since 1.1.1 moves all plaintext through two inner functions, which SSL_read and SSL_read_ex, SSL_write and
// SSL_write_ex hand their arguments to, and BIO_f_ssl too (ssl/ssl_lib.c: ssl_read_internal, ssl_write_internal). Where both
// wrappers are seen to call the same one, the probe sits there: one place that is always passed, and usually begins with an
// instruction that is cheap to probe, which the wrappers seldom do.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bpf/contract/tls_probe.h"
#include "symbolizer/elf/entry_site.h"

namespace footfall {

struct TlsFunction {
    ff_tls_function function{};
    std::string name;  // "SSL_read", or "inside of SSL_read_ex"
    std::uint64_t file_offset = 0;
    EntrySite site;
    // Go: where it returns, in the file. A goroutine's stack moves, so the kernel's own probes of returns would break it.
    std::vector<std::uint64_t> returns;
};

// How their arguments and results are passed.
enum class TlsCalls { kC, kGo, kGoStack, kRustls };  // kGoStack: before Go 1.17

struct TlsFunctions {
    std::string library;  // "OpenSSL"; empty: none that is known
    std::vector<TlsFunction> functions;
    TlsCalls calls = TlsCalls::kC;
    std::string unseen;  // where it has such a library, but not what is needed to see plaintext of it: why
};

// Reads the file with pread() only; the function table of a Go program in place: what is executed cannot be written to.
TlsFunctions find_tls_functions(int fd);

// Is the return of that one seen, too, or only its call?
bool sees_return(ff_tls_function function);

// What a probe of a call and its return adds to each, in nanoseconds, on the development machine.
unsigned expected_nanoseconds(const TlsFunction& function);

}  // namespace footfall
