// Names a profile's addresses and fills it into a snapshot. What takes time (reading symbols, and fetching debug
// files where that is configured) happens in fill_stacks().
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "agent/base/fd.h"
#include "agent/stacks/modules.h"
#include "agent/stacks/stack_collector.h"
#include "output/session/snapshot.pb.h"
#include "symbolizer/debuginfod/debuginfod_client.h"
#include "symbolizer/frame.h"
#include "symbolizer/worker/symbolizer_client.h"

namespace footfall {

// What fill_stacks() needs of a module.
struct CapturedModule {
    std::string path;
    std::string root;
    FileDescription description;
    Fd file;
    bool was_rewritten = false;
};

// A profile at one moment, by value: it may be named on another thread.
struct StackCapture {
    std::vector<Sample> samples;
    std::map<ModuleNumber, CapturedModule> modules;
    std::map<Pid, Fd> jitdumps;  // of processes that run code without a file, as far as they were seen to have one
    std::map<Pid, Uid> users;    // whom processes had while they lived, as far as that is known
    std::map<ServiceId, std::string> services;
    std::map<OperationId, std::string> operations;  // of samples that have one
    std::map<CalledFunction, std::string> called;   // of samples that are calls
    std::map<ScriptFunctionId, ScriptFunction> script_functions;
    std::array<std::uint64_t, kStopReasons> stops{};
    std::array<std::uint64_t, kScriptStops> script_stops{};
    std::uint64_t complete_with_guesses = 0;
    std::uint64_t user_frames = 0;
    std::uint64_t guessed_frames = 0;
    std::uint64_t waits_taken = 0;
    std::uint64_t waits_in_all = 0;
    std::map<std::string, std::uint64_t> without_room;  // as snapshot.proto has it
    std::uint64_t period_nanoseconds = 0;
    std::string clock;
    Detail detail = Detail::kNames;
    DebuginfodOptions debuginfod;
    std::chrono::milliseconds naming_patience{30'000};  // with all names together, but for what debuginfod takes
};

// The same of the stacks with which functions were called. `called` is to be filled in, too.
StackCapture capture_calls(const StackCollector& collector);

// Everything but users, services, operations, period, clock, detail, debuginfod and naming_patience. What waits, waits up to
// now.
StackCapture capture_stacks(const StackCollector& collector, MonotonicTime now);

// Samples come in descending order of time. client: asked for names; used by the calling thread only. What finds no name in
// the time that the capture allows stays without, and says so.
void fill_stacks(const StackCapture& capture, SymbolizerClient& client, Stacks& stacks);

}  // namespace footfall
