// The memory of a process, read from outside. Nothing is written, and nothing is stopped. Thread: any, one at a time.
#pragma once

#include <cstdint>

#include "agent/base/ids.h"
#include "symbolizer/interpreters/memory.h"

namespace footfall {

class ProcessMemory final : public MemoryReader {
public:
    explicit ProcessMemory(Pid pid) : pid_(pid) {}
    bool read(std::uint64_t address, std::span<std::byte> into) override;

private:
    Pid pid_;
};

}  // namespace footfall
