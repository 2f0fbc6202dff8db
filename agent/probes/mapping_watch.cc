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
#include <ctime>
#include <span>
#include <string>
#include <utility>

#include "agent/processes/proc_fs.h"

namespace footfall {
namespace {

constexpr std::size_t kPageSize = 4096;
constexpr std::size_t kDataBytes = 64 * kPageSize;  // a record takes some 150 bytes: room for 1,700 between two looks
constexpr std::size_t kRingBytes = kPageSize + kDataBytes;

int open_event(int cpu) {
    perf_event_attr attributes{};
    attributes.size = sizeof attributes;
    attributes.type = PERF_TYPE_SOFTWARE;
    attributes.config = PERF_COUNT_SW_DUMMY;
    attributes.mmap = 1;
    attributes.mmap2 = 1;
    attributes.comm = 1;
    attributes.comm_exec = 1;
    attributes.sample_type = PERF_SAMPLE_TIME;
    attributes.sample_id_all = 1;
    attributes.use_clockid = 1;
    attributes.clockid = CLOCK_MONOTONIC;
    return static_cast<int>(syscall(SYS_perf_event_open, &attributes, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC));
}

// The layouts are those of perf_event_open(2): behind each record stands what sample_type asks for, which is its time.
struct RecordHead {
    perf_event_header header;
    std::uint32_t pid;
    std::uint32_t tid;
};

struct Mmap2Body {
    std::uint64_t address;
    std::uint64_t length;
    std::uint64_t file_offset;
    std::uint32_t major;
    std::uint32_t minor;
    std::uint64_t inode;
    std::uint64_t inode_generation;
    std::uint32_t protection;
    std::uint32_t flags;
};

// Out of a ring that a record may go round the end of.
void copy_out(const std::byte* data, std::uint64_t position, std::span<std::byte> to) {
    const std::size_t at = position % kDataBytes;
    const std::size_t first = std::min(to.size(), kDataBytes - at);
    std::memcpy(to.data(), data + at, first);
    std::memcpy(to.data() + first, data, to.size() - first);
}

template <typename Plain>
Plain plain_at(std::span<const std::byte> bytes, std::size_t offset) {
    Plain plain{};
    if (offset + sizeof plain <= bytes.size()) std::memcpy(&plain, bytes.data() + offset, sizeof plain);
    return plain;
}

// Of memory without a file, the kernel writes "//anon".
std::string path_of(std::span<const std::byte> text) {
    const auto* begin = reinterpret_cast<const char*>(text.data());
    std::string path(begin, strnlen(begin, text.size()));
    if (path.starts_with("//")) return {};
    strip_deleted(path);
    return path;
}

void append(std::span<const std::byte> record, std::vector<CodeRecord>& records) {
    const auto head = plain_at<RecordHead>(record, 0);
    if (record.size() < sizeof head + sizeof(std::uint64_t)) return;
    const std::size_t body_end = record.size() - sizeof(std::uint64_t);
    const Pid pid{head.pid};
    const MonotonicTime time{plain_at<std::uint64_t>(record, body_end)};
    if (head.header.type == PERF_RECORD_COMM) {
        if ((head.header.misc & PERF_RECORD_MISC_COMM_EXEC) != 0) records.emplace_back(ProgramBegun{pid, time});
        return;
    }
    constexpr std::size_t kPath = sizeof head + sizeof(Mmap2Body);
    if (head.header.type != PERF_RECORD_MMAP2 || body_end <= kPath) return;
    const auto body = plain_at<Mmap2Body>(record, sizeof head);
    records.emplace_back(CodeMapped{pid,
                                    time,
                                    {.start = body.address,
                                     .end = body.address + body.length,
                                     .file_offset = body.file_offset,
                                     .device = device_number(body.major, body.minor),
                                     .inode = body.inode,
                                     .path = path_of(record.subspan(kPath, body_end - kPath))}});
}

MonotonicTime time_of(const CodeRecord& record) {
    return std::visit([](const auto& typed) { return typed.time; }, record);
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

bool MappingWatch::drain(std::vector<CodeRecord>& records) {
    bool lost = false;
    for (const Ring& ring : rings_) lost |= drain(ring, records);
    std::stable_sort(records.begin(), records.end(),
                     [](const CodeRecord& a, const CodeRecord& b) { return time_of(a) < time_of(b); });
    return lost;
}

bool MappingWatch::drain(const Ring& ring, std::vector<CodeRecord>& records) {
    auto* control = static_cast<perf_event_mmap_page*>(ring.memory.get());
    const auto* data = static_cast<const std::byte*>(ring.memory.get()) + kPageSize;
    const std::uint64_t head = std::atomic_ref(control->data_head).load(std::memory_order_acquire);
    std::uint64_t tail = control->data_tail;
    std::vector<std::byte> record;
    bool lost = false;
    while (tail < head) {
        perf_event_header header{};
        copy_out(data, tail, std::as_writable_bytes(std::span(&header, 1)));
        record.resize(std::max<std::size_t>(header.size, sizeof header));
        copy_out(data, tail, record);
        lost |= header.type == PERF_RECORD_LOST;
        append(record, records);
        tail += record.size();
    }
    std::atomic_ref(control->data_tail).store(tail, std::memory_order_release);
    return lost;
}

}  // namespace footfall
