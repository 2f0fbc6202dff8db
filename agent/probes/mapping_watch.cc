#include "agent/probes/mapping_watch.h"

#include <bpf/libbpf.h>
#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

namespace footfall {
namespace {

constexpr std::size_t kPageSize = 4096;
constexpr std::size_t kDataBytes = 16 * kPageSize;  // a record takes some 130 bytes: room for 500 between two looks
constexpr std::size_t kRingBytes = kPageSize + kDataBytes;

int open_event(int cpu) {
    perf_event_attr attributes{};
    attributes.size = sizeof attributes;
    attributes.type = PERF_TYPE_SOFTWARE;
    attributes.config = PERF_COUNT_SW_DUMMY;
    attributes.mmap = 1;
    attributes.mmap2 = 1;
    return static_cast<int>(syscall(SYS_perf_event_open, &attributes, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC));
}

// What all records begin with, and those of mappings go on with.
struct MappingRecord {
    perf_event_header header;
    std::uint32_t pid;
};

// A copy, since a record may go round the ring's end.
MappingRecord record_at(const std::byte* data, std::uint64_t position) {
    MappingRecord record{};
    const std::size_t at = position % kDataBytes;
    const std::size_t first = std::min(sizeof record, kDataBytes - at);
    std::memcpy(&record, data + at, first);
    std::memcpy(reinterpret_cast<std::byte*>(&record) + first, data, sizeof record - first);
    return record;
}

}  // namespace

void MappingWatch::Unmap::operator()(void* ring) const { munmap(ring, kRingBytes); }

Result<MappingWatch> MappingWatch::start() {
    MappingWatch watch;
    for (int cpu = 0; cpu < libbpf_num_possible_cpus(); ++cpu) {
        Ring ring;
        ring.event = Fd(open_event(cpu));
        if (!ring.event.valid() && errno == ENODEV) continue;  // that CPU is offline
        if (!ring.event.valid()) return system_failure("cannot follow mappings of code", errno);
        void* memory = mmap(nullptr, kRingBytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring.event.get(), 0);
        if (memory == MAP_FAILED) return system_failure("cannot follow mappings of code", errno);
        ring.memory.reset(memory);
        watch.rings_.push_back(std::move(ring));
    }
    return watch;
}

bool MappingWatch::drain(const std::function<void(Pid)>& on_mapped) {
    bool lost = false;
    for (const Ring& ring : rings_) lost |= drain(ring, on_mapped);
    return lost;
}

bool MappingWatch::drain(const Ring& ring, const std::function<void(Pid)>& on_mapped) {
    auto* control = static_cast<perf_event_mmap_page*>(ring.memory.get());
    const auto* data = static_cast<const std::byte*>(ring.memory.get()) + kPageSize;
    const std::uint64_t head = std::atomic_ref(control->data_head).load(std::memory_order_acquire);
    std::uint64_t tail = control->data_tail;
    bool lost = false;
    while (tail < head) {
        const MappingRecord record = record_at(data, tail);
        lost |= record.header.type == PERF_RECORD_LOST;
        if (record.header.type == PERF_RECORD_MMAP2) on_mapped(Pid{record.pid});
        tail += std::max<std::uint64_t>(record.header.size, sizeof(perf_event_header));
    }
    std::atomic_ref(control->data_tail).store(tail, std::memory_order_release);
    return lost;
}

}  // namespace footfall
