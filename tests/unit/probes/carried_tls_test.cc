#include "agent/probes/carried_tls.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "agent/base/fd.h"

namespace footfall {
namespace {

std::string_view carried_by(const std::string& bytes) {
    const Fd file(memfd_create("program", MFD_CLOEXEC));
    EXPECT_EQ(write(file.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    return carried_tls(file.get());
}

// As they stand in Node 16, in grpcio 1.85 and in a Rust program, all of them stripped.
TEST(CarriedTls, IsKnownByTheNamesOfItsSourceFiles) {
    EXPECT_EQ(carried_by("../deps/openssl/openssl/ssl/statem/statem.c"), "OpenSSL");
    EXPECT_EQ(carried_by("third_party/boringssl-with-bazel/ssl/d1_both.cc"), "BoringSSL");
    EXPECT_EQ(carried_by("/index.crates.io-1949cf8c6b5b557f/rustls-0.23.46/src/conn.rs"), "rustls");
}

TEST(CarriedTls, MayStandWhereTwoPiecesMeet) {
    constexpr std::size_t kPiece = std::size_t{1} << 20;
    for (std::size_t before = 0; before < 16; ++before) {
        EXPECT_EQ(carried_by(std::string(kPiece - before, ' ') + "ssl/d1_both.cc"), "BoringSSL") << before;
    }
}

TEST(CarriedTls, IsNotInWhatOnlyCallsALibrary) {
    EXPECT_EQ(carried_by("OpenSSL 3.0.19 27 Jan 2026 SSL_read libssl.so.3"), "");
    EXPECT_EQ(carried_by(""), "");
    EXPECT_EQ(carried_tls(-1), "");
}

}  // namespace
}  // namespace footfall
