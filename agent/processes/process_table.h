// Which service a process belongs to, kept up to date by the events of its life.
//
// A process is looked up in its source once, when it is first asked for, and again after it has executed another program.
// Until then a child is what its parent was when it forked, so that one that ends at once still has a service; one that
// executed and was gone before it could be looked at is called by its comm. After its end a process is kept for a grace
// period, for events that come late; then its pid means somebody else.
//
// Every description that is made, from the source or from what was inherited, goes to the observer before the call that
// needed it returns. A raw file that holds these records before the event that caused them replays to the same services.
//
// Bounded: past the limit, whoever was not asked for longest is forgotten (a full table of 65,536 takes about 14 MB).
// Thread: the one that owns the pipeline's state; source and services outlive the table.
#pragma once

#include <tsl/robin_map.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/clock.h"
#include "agent/base/ids.h"
#include "agent/pipeline/stages.h"
#include "agent/processes/process_source.h"
#include "agent/processes/services.h"

namespace footfall {

struct ProcessInfo {
    ServiceId service{};
    std::string executable;
    std::string build_id;
    Pid parent{};  // 0: unknown
    Uid uid{};
};

struct ProcessTableLimits {
    std::size_t processes = 65536;
    std::uint64_t grace_nanoseconds = 2 * kNanosecondsPerSecond;
};

class ProcessTable {
public:
    using Observer = std::function<void(Pid, const ProcessDescription&)>;

    ProcessTable(ProcessSource& source, Services& services, Observer observer = {}, ProcessTableLimits limits = {});

    // comm, where the caller has it, names a process about which nothing else can be found out any more.
    ServiceId service_of(Pid pid, std::string_view comm = {});

    // Valid until the next call of anything here.
    const ProcessInfo& info_of(Pid pid);

    void on_forked(const ProcessForked& event);
    void on_executed(const ProcessExecuted& event);
    void on_exited(const ProcessExited& event);

    // Forgets who ended more than the grace period before now. The on_… calls do it too, with their event's time.
    void advance(MonotonicTime now);

    [[nodiscard]] std::size_t size() const { return slots_by_pid_.size(); }

private:
    using SlotNumber = std::uint32_t;
    static constexpr SlotNumber kNone = UINT32_MAX;

    // What is known of a process, from the most to the least certain.
    enum class Knowledge : std::uint8_t {
        kDescribed,  // info is final until it executes
        kExecuted,   // it is another program since; comm is all that is known
        kInherited,  // info is its parent's
        kNothing,
    };

    struct Slot {
        Pid pid{};
        Knowledge knowledge = Knowledge::kNothing;
        bool counted = false;  // as one of its service's processes
        MonotonicTime exited;
        ProcessInfo info;
        std::string comm;
        SlotNumber newer = kNone;
        SlotNumber older = kNone;
    };

    // Pids come in runs. Taken as they are, those would fill runs of buckets, which every removal has to move.
    struct SpreadPids {
        std::size_t operator()(std::uint32_t pid) const { return pid * 0x9E3779B97F4A7C15U >> 32U; }
    };

    struct Exit {
        Pid pid{};
        MonotonicTime time;
    };

    Slot& described(Pid pid, std::string_view comm, int depth = 0);
    ProcessDescription guess(Pid pid, std::string_view comm, int depth);
    void describe(Pid pid, const ProcessDescription& description);
    Slot* find(Pid pid);
    Slot& find_or_add(Pid pid);
    void remove(Pid pid);
    void touch(SlotNumber slot);
    void link_newest(SlotNumber slot);
    void unlink(SlotNumber slot);

    ProcessSource& source_;
    Services& services_;
    Observer observer_;
    ProcessTableLimits limits_;
    tsl::robin_map<std::uint32_t, SlotNumber, SpreadPids> slots_by_pid_;
    std::vector<Slot> slots_;
    std::vector<SlotNumber> free_slots_;
    SlotNumber newest_ = kNone;
    SlotNumber oldest_ = kNone;
    std::deque<Exit> exits_;  // by time
};

}  // namespace footfall
