// Stands for the kernel side's maps: remembers what it was told, and has as much room as the test says.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <vector>

#include "agent/stacks/kernel_tables.h"
#include "bpf/contract/script_frames.h"

namespace footfall {

class FakeKernel final : public KernelTables {
public:
    struct Process {
        std::vector<PlacedMapping> mappings;
        MemoryIdentity memory;
    };

    bool publish_table(ModuleNumber module, const TableFile&) override {
        // What was withdrawn rests: its room is of no use yet.
        if (tables.size() + withdrawn.size() >= most_tables) return false;
        tables.insert(module);
        return true;
    }
    void publish_no_table(ModuleNumber module) override { without_table.insert(module); }
    void withdraw_table(ModuleNumber module) override {
        tables.erase(module);
        withdrawn.push_back(module);
    }
    bool publish_process(Pid pid, std::span<const PlacedMapping> mappings, const MemoryIdentity& memory) override {
        processes[pid] = {{mappings.begin(), mappings.end()}, memory};
        return true;
    }
    void forget_process(Pid pid) override { processes.erase(pid); }
    bool publish_interpreter(Pid pid, const ff_interpreter& interpreter) override {
        interpreters[pid] = interpreter;
        return true;
    }
    void forget_interpreter(Pid pid) override { interpreters.erase(pid); }

    std::size_t most_tables = 1000;
    std::set<ModuleNumber> tables;
    std::set<ModuleNumber> without_table;
    std::vector<ModuleNumber> withdrawn;
    std::map<Pid, Process> processes;
    std::map<Pid, ff_interpreter> interpreters;
};

}  // namespace footfall
