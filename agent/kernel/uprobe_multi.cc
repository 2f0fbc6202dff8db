#include "agent/kernel/uprobe_multi.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

namespace footfall {
namespace {

// include/uapi/linux/bpf.h of Linux 6.13; the headers that this is built with may be older.
constexpr std::uint32_t kLinkCreate = 28;        // BPF_LINK_CREATE
constexpr std::uint32_t kUprobeMulti = 48;       // BPF_TRACE_UPROBE_MULTI
constexpr std::uint32_t kObjectInfo = 15;        // BPF_OBJ_GET_INFO_BY_FD
constexpr std::uint32_t kUprobeSession = 57;     // BPF_TRACE_UPROBE_SESSION
constexpr std::uint32_t kUprobeMultiReturn = 1;  // BPF_F_UPROBE_MULTI_RETURN

struct LinkCreate {
    std::uint32_t program = 0;
    std::uint32_t target = 0;
    std::uint32_t attach_type = 0;
    std::uint32_t link_flags = 0;
    std::uint64_t path = 0;
    std::uint64_t offsets = 0;
    std::uint64_t reference_counters = 0;
    std::uint64_t cookies = 0;
    std::uint32_t count = 0;
    std::uint32_t flags = 0;
    std::uint32_t pid = 0;
    std::uint32_t reserved = 0;
};

}  // namespace

std::uint32_t attach_type_of(UprobeEnd end) { return end == UprobeEnd::kBoth ? kUprobeSession : kUprobeMulti; }

Fd attach_uprobes(int program, int file, UprobeEnd end, std::span<const UprobePlace> places, Pid process) {
    std::vector<std::uint64_t> offsets;
    std::vector<std::uint64_t> cookies;
    std::vector<std::uint64_t> semaphores;
    offsets.reserve(places.size());
    cookies.reserve(places.size());
    semaphores.reserve(places.size());
    for (const UprobePlace& place : places) {
        offsets.push_back(place.file_offset);
        cookies.push_back(place.cookie);
        semaphores.push_back(place.semaphore);
    }
    const std::string path = "/proc/self/fd/" + std::to_string(file);
    LinkCreate create;
    create.program = static_cast<std::uint32_t>(program);
    create.attach_type = attach_type_of(end);
    create.path = reinterpret_cast<std::uint64_t>(path.c_str());
    create.offsets = reinterpret_cast<std::uint64_t>(offsets.data());
    create.reference_counters = reinterpret_cast<std::uint64_t>(semaphores.data());
    create.cookies = reinterpret_cast<std::uint64_t>(cookies.data());
    create.count = static_cast<std::uint32_t>(places.size());
    create.pid = number(process);
    create.flags = end == UprobeEnd::kReturn ? kUprobeMultiReturn : 0;
    return Fd(static_cast<int>(syscall(SYS_bpf, kLinkCreate, &create, sizeof create)));
}

bool is_of_process(const Fd& link, Pid process) {
    // struct bpf_link_info as far as its uprobe_multi.pid, which headers of before Linux 6.8 don't have.
    struct LinkInfo {
        std::array<std::uint32_t, 15> before{};
        std::uint32_t pid = 0;
    } info;
    static_assert(sizeof info == 64);
    struct {
        std::uint32_t fd = 0;
        std::uint32_t size = sizeof(LinkInfo);
        std::uint64_t info = 0;
    } question;
    question.fd = static_cast<std::uint32_t>(link.get());
    question.info = reinterpret_cast<std::uint64_t>(&info);
    if (syscall(SYS_bpf, kObjectInfo, &question, sizeof question) != 0 || info.pid != number(process)) return false;
    return true;
}

}  // namespace footfall
