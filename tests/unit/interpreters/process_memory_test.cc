#include "agent/interpreters/process_memory.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

namespace footfall {
namespace {

TEST(ProcessMemory, IsThatOfTheProcess) {
    // Both have it at the same address, with something else in it.
    void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(page, MAP_FAILED);
    std::strcpy(static_cast<char*>(page), "parent's");
    int ready[2];
    ASSERT_EQ(pipe(ready), 0);
    const pid_t child = fork();
    if (child == 0) {
        std::strcpy(static_cast<char*>(page), "child's!");
        (void)!write(ready[1], "x", 1);
        pause();
    }
    char byte = 0;
    ASSERT_EQ(read(ready[0], &byte, 1), 1);
    const auto address = reinterpret_cast<std::uint64_t>(page);
    char text[8];
    ProcessMemory memory(Pid{static_cast<std::uint32_t>(child)});
    ASSERT_TRUE(memory.read(address, std::as_writable_bytes(std::span(text))));
    EXPECT_EQ(std::string_view(text, sizeof text), "child's!");
    EXPECT_EQ(memory.value<char>(address + 1), 'h');
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    EXPECT_FALSE(memory.read(address, std::as_writable_bytes(std::span(text)))) << "it is gone";
    munmap(page, 4096);
    close(ready[0]);
    close(ready[1]);
}

TEST(ProcessMemory, IsReadAsAWholeOrNotAtAll) {
    auto* pages = static_cast<char*>(mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    ASSERT_NE(pages, MAP_FAILED);
    ASSERT_EQ(munmap(pages + 4096, 4096), 0);
    ProcessMemory memory(Pid{static_cast<std::uint32_t>(getpid())});
    const auto end = reinterpret_cast<std::uint64_t>(pages) + 4096;
    EXPECT_TRUE(memory.value<std::uint64_t>(end - 8));
    EXPECT_FALSE(memory.value<std::uint64_t>(end - 4)) << "half of it is mapped";
    EXPECT_FALSE(memory.value<std::uint64_t>(0));
    EXPECT_FALSE(memory.value<std::uint64_t>(~std::uint64_t{0} - 3));
    munmap(pages, 4096);
}

}  // namespace
}  // namespace footfall
