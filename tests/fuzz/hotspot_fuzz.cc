// Readers of a HotSpot virtual machine. Names of frames, and the walk out of its code: over a memory in which every pointer
// leads into the input. Its tables: over a made-up machine's memory, of which the input changes some bytes.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>

#include "symbolizer/interpreters/hotspot/code_names.h"
#include "symbolizer/interpreters/hotspot/walk_rules.h"
#include "symbolizer/unwind/native_unwinder.h"
#include "tests/unit/hotspot/made_vm.h"

namespace {

using namespace footfall;

constexpr std::uint64_t kCode = 0x10000;
constexpr std::uint64_t kCodeEnd = 0x80000000;
constexpr std::size_t kStackBytes = 4096;

// Of which the first addresses can't be read.
class WrappedMemory final : public MemoryReader {
public:
    explicit WrappedMemory(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

    bool read(std::uint64_t address, std::span<std::byte> into) override {
        if (bytes_.empty() || address < bytes_.size() / 64) return false;
        for (std::size_t i = 0; i < into.size(); ++i)
            into[i] = static_cast<std::byte>(bytes_[(address + i) % bytes_.size()]);
        return true;
    }

private:
    std::span<const std::uint8_t> bytes_;
};

// Laid out as a real version is, with its code where small numbers lead to.
Hotspot vm_of(int version) {
    MadeVm made(version);
    Hotspot vm = *Hotspot::read(made.memory, MadeVm::kLibjvm);
    vm.code.heaps[0] = {kCode, kCodeEnd, 0x1000};
    vm.code.interpreter_start = kCode + 0x10000;
    vm.code.interpreter_end = kCode + 0x20000;
    return vm;
}

class NoRows final : public RowSource {
public:
    tl::expected<ff_unwind_row, ff_stop> row_at(std::uint64_t address) override {
        return address % 3 == 0 ? tl::expected<ff_unwind_row, ff_stop>() : tl::unexpected(FF_STOP_NO_MAPPING);
    }
};

void name(const Hotspot& vm, WrappedMemory& memory, std::span<const std::uint8_t> head) {
    HotspotFrame frame;
    std::memcpy(&frame.position, head.data(), sizeof frame.position);
    std::memcpy(&frame.check, head.data() + 4, sizeof frame.check);
    std::memcpy(&frame.function, head.data() + 8, 3);
    const auto named = name_frame(vm, memory, frame);
    if (named && named->empty()) std::abort();
}

void walk(const Hotspot& vm, WrappedMemory& memory, std::span<const std::uint8_t> head) {
    std::array<std::byte, kStackBytes> stack{};
    StackRegisters registers;
    std::memcpy(&registers.instruction_pointer, head.data(), 4);
    std::memcpy(&registers.by_number[FF_REGISTER_RBP], head.data() + 4, 2);
    const std::uint64_t at = std::uint64_t{0x7fff} << 32;
    registers.by_number[FF_REGISTER_RBP] += at;
    registers.by_number[FF_REGISTER_RSP] = at + head[6] * std::uint64_t{8};
    if (!memory.read(0x5000 + head[7], stack)) return;
    const HotspotProcess process{walk_rules_of(vm), &memory};
    NoRows rows;
    const WalkedStack walked = walk_stack(registers, {at, stack}, rows, &process);
    if (walked.frames.size() > FF_STACK_DEPTH || walked.script.size() > walked.frames.size()) std::abort();
}

// Where the made-up machine has its library, its tables, what they name, and the code cache's own structures.
void read_damaged(MadeMemory memory, std::span<const std::uint8_t> changes) {
    constexpr std::array<std::uint64_t, 4> kParts = {MadeVm::kLibjvm, 0x7f0000200000, 0x7f0000300000, 0x7f0000400000};
    constexpr std::size_t kChange = 4;
    for (; changes.size() >= kChange; changes = changes.subspan(kChange)) {
        const std::uint64_t at = kParts[changes[0] % kParts.size()] + changes[1] + std::uint64_t{changes[2]} * 256;
        if (memory.value<std::uint8_t>(at)) memory.put(at, changes[3]);
    }
    (void)Hotspot::read(memory, MadeVm::kLibjvm);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t kHead = 17;
    static const std::array<MadeVm, 2> kMachines{MadeVm(17), MadeVm(25)};
    static const std::array<Hotspot, 2> kVms{vm_of(17), vm_of(25)};
    if (size < kHead) return 0;
    const std::span<const std::uint8_t> bytes(data, size);
    const Hotspot& vm = kVms[bytes[0] >> 4 & 1];
    WrappedMemory memory(bytes.subspan(kHead));
    switch (bytes[0] % 3) {
        case 0:
            read_damaged(kMachines[bytes[0] >> 4 & 1].memory, bytes.subspan(1));
            break;
        case 1:
            name(vm, memory, bytes.subspan(1));
            break;
        default:
            walk(vm, memory, bytes.subspan(1));
    }
    return 0;
}
