// One bounded or endless watch of this host: resolves the target, loads and attaches the probes, drains the ring into a
// pipeline (and a raw file), and ends in order. Everything runs on the thread that calls.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "agent/config/config.h"
#include "agent/kernel/bpf_clock.h"
#include "agent/kernel/ring_reader.h"
#include "agent/pipeline/pipeline.h"
#include "agent/probes/file_probe.h"
#include "agent/probes/function_watch.h"
#include "agent/probes/mapping_watch.h"
#include "agent/probes/probe_set.h"
#include "agent/probes/stack_probe.h"
#include "agent/probes/tls_watch.h"
#include "agent/processes/process_source.h"
#include "agent/processes/selectors.h"
#include "agent/session/older_sockets.h"
#include "agent/session/raw_writer.h"
#include "agent/stacks/perf_map_files.h"
#include "agent/stacks/stack_symbols.h"
#include "output/session/snapshot.pb.h"

namespace footfall {

struct LiveOptions {
    TargetSpec target;
    std::vector<std::string> target_words;  // as given, for the session file
    Config config;
    SocketHook hook = SocketHook::kAutomatic;
    std::string raw_path;                      // empty: no raw file
    bool force = false;                        // may replace raw_path
    std::uint32_t frequency = 99;              // of stacks, unless it is configured
    bool sockets = true;                       // false: what passes on sockets is not looked at
    std::optional<FunctionOptions> functions;  // whose calls are counted
    std::string program;                       // that the target's command is going to execute, if it is a path
    std::string version;
};

// What a progress line says.
struct Progress {
    std::uint64_t elapsed_nanoseconds = 0;
    std::uint64_t uses = 0;
    std::uint64_t lost = 0;      // events, for any reason
    double agent_cpu_share = 0;  // of one core
    BpfCost bpf;
};

class LiveSession : private RawEventConsumer {
public:
    using UseObserver = std::function<void(const Use&, const Exchange&, const Pipeline&)>;
    using CostObserver = std::function<void(std::uint64_t use, std::uint64_t cpu_nanoseconds)>;

    // Watching when it returns. Errors carry the exit code: no target 66, no privilege 77, kernel feature missing 69.
    // on_cost: PipelineObservers.on_cost.
    static Result<std::unique_ptr<LiveSession>> start(LiveOptions options, UseObserver on_use = {},
                                                      CostObserver on_cost = {});
    ~LiveSession() override;
    LiveSession(const LiveSession&) = delete;
    LiveSession& operator=(const LiveSession&) = delete;

    // Takes in what has happened since; to be called every few milliseconds. Fails when the raw file can't be written any
    // more: what it holds stays readable, and the session goes on without it.
    Result<void> drain();
    // How long the caller may sleep before the next drain(): less when the ring fills fast.
    [[nodiscard]] std::uint64_t pause_nanoseconds() const;
    // False once all processes that were selected by pid, or were children of those, have ended.
    [[nodiscard]] bool target_alive() const;

    // Detaches, takes in the rest, ends what is open, completes the raw file. No drain() afterwards.
    Result<void> stop();

    // Without stacks, whose names take time.
    [[nodiscard]] Snapshot snapshot() const;
    // null: no functions are counted.
    [[nodiscard]] const FunctionWatch* functions() const { return functions_ ? &*functions_ : nullptr; }
    // The same for all of the session; may be asked on any thread.
    [[nodiscard]] bool takes_stacks() const {
        return stack_probe_.has_value() && why_no_stacks_.empty() && options_.config.stacks.mode != StackMode::kNone;
    }
    // Empty, unless they are wanted and cannot be taken.
    [[nodiscard]] const std::string& why_no_stacks() const { return why_no_stacks_; }
    // The stacks taken so far, to be named by fill_stacks(), which takes up to seconds. Nothing where none are taken.
    [[nodiscard]] std::optional<StackCapture> stacks() const;
    // The same of those with which functions were called.
    [[nodiscard]] std::optional<StackCapture> call_stacks() const;
    // They are taken from now on.
    void clear_stacks();
    [[nodiscard]] Progress progress() const;
    [[nodiscard]] const Pipeline& pipeline() const { return *pipeline_; }
    [[nodiscard]] SocketHook hook() const { return probes_->hook(); }

private:
    LiveSession(LiveOptions options, UseObserver on_use, CostObserver on_cost);

    // live_session.cc
    Result<void> load();
    Result<void> load_probes(const ff_probe_config& who);
    Result<void> load_files(const ff_probe_config& who);
    Result<void> make_pipeline();
    PipelineObservers observers();
    Result<void> begin(const ff_probe_config& who, const HostView& host);
    Result<void> open_raw_file();
    void finish_raw_file();
    void on_raw(RawEvent raw) override;
    void record_description(Pid pid, const ProcessDescription& description);
    void note_raw_error(const Result<void>& written);
    Result<void> watch_splice(MonotonicTime now);
    [[nodiscard]] std::vector<ConnectionId> vanished_unix_sockets() const;
    void tell_closed(ConnectionId connection, MonotonicTime now);

    // live_session_target.cc
    Result<void> resolve_target(const HostView& host);
    static Result<ff_probe_config> probe_config_of(const Watch& watch);
    Result<void> watch_now(const HostView& host);
    [[nodiscard]] bool watches(Pid pid) const;
    bool on_executed(const ProcessExecuted& executed);  // false: it is not to be watched
    void on_forked(const ProcessForked& forked);
    void reject(Pid pid);
    Result<void> watch_functions(const ff_probe_config& who);
    void follow_libraries();
    void follow_functions();
    void warn_of(const Result<void>& seen);
    void look_for_functions(Pid pid, MonotonicTime begun);
    void look_for_tls();
    bool look_for_tls(Pid pid, bool all);
    void look_at_host_for_tls();

    // live_session_stacks.cc
    Result<void> load_stacks(const ff_probe_config& who);
    // Connections of some ports, of whichever process: nothing else of the host is meant.
    [[nodiscard]] bool watches_ports_alone() const { return watch_->whole_host && !watch_->ports.empty(); }
    void meet_interpreters();
    void take_waiting_threads();
    void begin_stacks();
    void follow_mappings();
    void adjust_waits();
    void wait_for_tables(std::uint64_t patience_nanoseconds);

    // live_session_snapshot.cc
    [[nodiscard]] KernelAccount kernel_account() const;
    void complete(StackCapture& capture) const;
    void match_counts(std::vector<Sample>& calls) const;
    [[nodiscard]] std::vector<FunctionOperation> function_operations(std::uint32_t probe) const;
    // Calls are told apart by the operations that threads serve.
    [[nodiscard]] bool joins_calls() const {
        return options_.functions && options_.functions->by.what == FunctionBy::kOperation;
    }

    LiveOptions options_;
    UseObserver on_use_;
    CostObserver on_cost_;
    LiveProcessSource source_;
    ProcessUsers users_;
    std::optional<Selectors> selectors_;
    std::optional<Watch> watch_;
    std::optional<ProbeSet> probes_;
    std::optional<StackProbe> stack_probe_;  // shares maps of probes_
    std::string why_no_stacks_;
    std::optional<TlsWatch> tls_;             // likewise
    std::optional<FunctionWatch> functions_;  // likewise
    std::optional<FileProbe> files_;          // likewise
    std::optional<MappingWatch> mapping_watch_;
    std::vector<CodeRecord> code_records_;  // that the functions have not been looked for in
    bool code_records_lost_ = false;
    std::unique_ptr<Pipeline> pipeline_;  // hands tables to stack_probe_
    std::optional<RingReader> ring_;
    OlderSockets older_sockets_;
    std::optional<BpfClock> bpf_clock_;
    std::optional<RawWriter> raw_;
    std::optional<Error> raw_error_;
    double fill_before_drain_ = 0;
    bool rejects_execution_ = false;  // the one that is being handled
    std::set<Pid> rejected_;          // that executed and no selector means, with what they forked before that was known
    MonotonicTime last_unix_look_;
    MonotonicTime last_splice_look_;
    MonotonicTime last_raw_flush_;
    bool splice_watched_ = false;
    std::uint32_t waits_apart_ = 0;  // nanoseconds
    std::uint64_t own_events_ = 0;   // made here, not by the kernel side

    int nice_before_ = 0;
    ClockOffset clock_;
    MonotonicTime started_;
    MonotonicTime ended_;
    std::int64_t cpu_at_start_ = 0;
};

}  // namespace footfall
