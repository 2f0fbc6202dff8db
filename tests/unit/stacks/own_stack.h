// What the stacks probe would send of this very program: the registers of a thread, and a copy of its stack from there on.
#pragma once

#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#include <cstdint>
#include <thread>
#include <vector>

namespace footfall {

struct OwnStack {
    std::uint64_t ip = 0;
    std::uint64_t sp = 0;
    std::uint64_t bp = 0;
    std::vector<std::byte> bytes;
    std::uint64_t caller = 0;  // where take_own_stack() returned to
    std::uint32_t below = 0;   // so many of the bytes lie below sp
};

[[gnu::noinline]] inline void take_own_stack(OwnStack& own) {
    constexpr std::size_t kPage = 4096;
    constexpr std::size_t kMostPages = 16;
    ucontext_t context;
    getcontext(&context);
    const auto* registers = context.uc_mcontext.gregs;
    own.ip = static_cast<std::uint64_t>(registers[REG_RIP]);
    own.sp = static_cast<std::uint64_t>(registers[REG_RSP]);
    own.bp = static_cast<std::uint64_t>(registers[REG_RBP]);
    own.caller = reinterpret_cast<std::uint64_t>(__builtin_return_address(0));
    // By the kernel and page by page, as far as the stack goes: sanitizers don't let a program read all of its own stack.
    for (std::size_t i = 0; i < kMostPages; ++i) {
        const std::uint64_t from = own.sp + own.bytes.size();
        const std::size_t size = kPage - from % kPage;
        std::vector<std::byte> piece(size);
        const iovec to = {piece.data(), size};
        const iovec stack = {reinterpret_cast<void*>(from), size};
        if (process_vm_readv(getpid(), &to, 1, &stack, 1, 0) != static_cast<ssize_t>(size)) return;
        own.bytes.insert(own.bytes.end(), piece.begin(), piece.end());
    }
}

// As if so many bytes below the stack pointer had been copied, too.
inline void lower(OwnStack& own, std::uint32_t bytes) {
    own.below = bytes;
    own.bytes.insert(own.bytes.begin(), bytes, std::byte{0xaa});
}

// Of a thread of its own, whose stack has the C++ library and the C library below this program.
inline OwnStack own_stack() {
    OwnStack own;
    std::thread([&own] {
        take_own_stack(own);
        asm volatile("");  // or the call is a jump, and this program has no frame but the innermost
    }).join();
    return own;
}

}  // namespace footfall
