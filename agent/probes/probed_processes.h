// In which processes the functions of a file are probed, where that is not all that map it (process_filter.h): those that
// are watched, and their children, which run the same program; as long as these are few. Each process costs the probes of
// the others a little, and each change some 10 ms. Pure.
#pragma once

#include <cstddef>
#include <set>
#include <vector>

#include "agent/base/ids.h"

namespace footfall {

class ProbedProcesses {
public:
    static constexpr std::size_t kMost = 8;
    static constexpr unsigned kMostChanges = 32;
    static constexpr std::size_t kMostLineage = 4096;

    // None: all.
    explicit ProbedProcesses(std::vector<Pid> processes = {});

    [[nodiscard]] bool everywhere() const { return everywhere_; }
    [[nodiscard]] const std::vector<Pid>& processes() const { return processes_; }
    [[nodiscard]] bool contains(Pid pid) const;

    // True: there is something to change. What is probed everywhere stays so.
    bool add(Pid pid);
    // A child may have ended by now; its own children are meant all the same.
    bool on_forked(Pid parent, Pid child, bool is_alive);
    void on_exited(Pid pid);
    // All that map the file have the probes from now on.
    void go_everywhere();

private:
    bool everywhere_;
    std::vector<Pid> processes_;
    std::set<Pid> lineage_;  // these and those between them, ended or not
    unsigned changes_ = 0;
};

}  // namespace footfall
