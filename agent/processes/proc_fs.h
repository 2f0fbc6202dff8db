// What /proc says about processes. The root is given, so that tests can show a tree of their own.
//
// A process may end at any moment: then every reader returns ProcessMiss, which is no error. All files of one process are
// read through one open directory, which the kernel ties to that very process; if its pid is reused meanwhile, the reads
// fail and never mix two processes. start_ticks tells the two apart across calls.
//
// Threads: any; no state but the root.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <unordered_map>
#include <vector>

#include "agent/base/ids.h"

namespace footfall {

enum class ProcessMiss : std::uint8_t {
    kGone,          // there is no such process (any more)
    kNotPermitted,  // it is there and must not be looked at
};

// One line of /proc/PID/cgroup.
struct CgroupMembership {
    std::string hierarchy;  // v1: the controllers or "name=systemd"; v2: empty
    std::string path;       // "/system.slice/nginx.service"
};

struct ProcessFacts {
    Pid pid{};
    Pid parent{};
    Uid uid{};                      // the real one, as the kernel's probes report it
    std::uint64_t start_ticks = 0;  // since boot; pid and start_ticks together are unique
    std::string comm{};
    std::string executable{};         // as the process sees it; empty for kernel threads, or if not permitted
    bool executable_deleted = false;  // replaced or removed since it was started
    std::vector<std::string> arguments{};
    std::vector<CgroupMembership> cgroups{};
    std::string declared_service{};  // OTEL_SERVICE_NAME; filled only by who calls ProcFs::declared_service()
};

class ProcFs {
public:
    explicit ProcFs(std::filesystem::path root = "/proc") : root_(std::move(root)) {}

    [[nodiscard]] const std::filesystem::path& root() const { return root_; }
    [[nodiscard]] std::filesystem::path directory_of(Pid pid) const { return root_ / std::to_string(number(pid)); }

    // Everything but declared_service.
    [[nodiscard]] tl::expected<ProcessFacts, ProcessMiss> facts(Pid pid) const;

    // Not gone, and not a zombie.
    [[nodiscard]] bool is_running(Pid pid) const;

    // Its first thread has ended, and others have not.
    [[nodiscard]] bool is_headless(Pid pid) const;

    // The value of OTEL_SERVICE_NAME in the environment that the process was started with; empty if it has none or may not
    // be read. An environment holds secrets: nothing else is taken from it, and the memory it was read into is wiped.
    [[nodiscard]] std::string declared_service(Pid pid) const;

    // Files that are mapped as code (the executable and its libraries), each once, in order of address.
    [[nodiscard]] tl::expected<std::vector<std::string>, ProcessMiss> mapped_files(Pid pid) const;

    // All processes there are, ascending; empty if the root is not a /proc.
    [[nodiscard]] std::vector<Pid> pids() const;

    // Who has which children.
    [[nodiscard]] std::unordered_map<Pid, std::vector<Pid>> children() const;

private:
    std::filesystem::path root_;
};

// Cuts the " (deleted)" that the kernel adds to the path of a removed file; true if it was there.
bool strip_deleted(std::string& path);

}  // namespace footfall
