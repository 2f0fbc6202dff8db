// All stages between a record and the usage table, and the accounts of what came in and what was lost on the way.
//
// The law: received = exported + the sum of dropped, in events; started = used + the sum of lost, in exchanges. It belongs
// to one thread, which calls on_raw() for every record in order and takes snapshots between calls.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "agent/connections/connection_table.h"
#include "agent/pipeline/drop_reasons.h"
#include "agent/pipeline/lost_reasons.h"
#include "agent/pipeline/stages.h"
#include "agent/processes/blind_spots.h"
#include "agent/processes/commands.h"
#include "agent/processes/opened_files.h"
#include "agent/processes/process_table.h"
#include "agent/processes/service_cpu.h"
#include "agent/processes/services.h"
#include "agent/protocols/protocol.h"
#include "agent/stacks/stack_collector.h"
#include "agent/usage/calls_by_operation.h"
#include "agent/usage/consumer.h"
#include "agent/usage/cost_attribution.h"
#include "agent/usage/namer.h"
#include "agent/usage/names.h"
#include "agent/usage/usage_table.h"
#include "output/session/snapshot.pb.h"

namespace footfall {

struct PipelineSettings {
    NamingRules naming;
    std::uint32_t operation_limit = kDefaultOperationLimit;
    ConsumerMode consumer_mode = ConsumerMode::kDefault;
    ConsumerKey consumer_key{};
    bool commands = true;                    // what is executed is counted, too
    std::vector<std::string> files;          // globs of paths: so are opened files
    std::optional<CollectorOptions> stacks;  // none: stacks are not collected
    ServiceCpu::CpuOf cpu_of;                // a process's CPU time; none: that of services is not known
};

using Drops = std::array<std::uint64_t, kDropReasons>;

// What the kernel side counted at the source: the other page of the books, which the pipeline's own must agree with.
struct KernelAccount {
    std::optional<std::uint64_t> submitted;  // events that reached the ring; none: only the pipeline's own count is known
    Drops dropped{};
};

// What others want to hear of as it passes. All optional; called on the pipeline's thread.
struct PipelineObservers {
    std::function<void(const Use&, const Exchange&)> on_use;
    // What the service ran for a use (Use.number), for each of those that came as one; behind on_use.
    std::function<void(std::uint64_t use, std::uint64_t cpu_nanoseconds)> on_cost;
    std::function<void(const ProcessForked&)> on_forked;
    std::function<bool(const ProcessExecuted&)> on_executed;               // false: it is not to be watched
    std::function<void(const ProcessDescribed&)> on_recorded_description;  // of a raw file, before it is asked for
    // The connection does not speak that protocol, or not any more: no need to send its bytes.
    std::function<void(ConnectionId, Protocol, bool plaintext)> on_refused;
    // A process speaks TLS on a connection. True: its plaintext is going to be seen.
    std::function<bool(Pid)> on_tls;
    std::function<void(const ProcessExited&)> on_exited;
    ProcessTable::Observer on_description;  // made here, before the event that needed it
};

// Each keeps tables of its own.
constexpr std::size_t kMostServices = 1024;

class Pipeline : private ConnectionSink, private ServiceResolver {
public:
    // source, and tables where there are any, outlive the pipeline.
    Pipeline(PipelineSettings settings, ProcessSource& source, PipelineObservers observers = {},
             KernelTables* tables = nullptr);

    // Finds out now what a process is, rather than when it is first heard of.
    void meet(Pid pid) { processes_.service_of(pid); }
    void on_raw(RawEvent raw);
    // No more records: what is open is handed out or given up. time: of the end.
    void session_end(MonotonicTime time);

    [[nodiscard]] std::uint64_t events() const { return events_; }
    [[nodiscard]] std::uint64_t uses() const { return usage_.uses(); }
    [[nodiscard]] MonotonicTime latest_event() const { return latest_; }

    // Time has passed, with or without events.
    void advance(MonotonicTime now);
    // All samples so far are to be in the profile, with or without the operation that they were taken in; and so are calls.
    void settle_samples() { costs_.give_up_samples(); }
    [[nodiscard]] std::string operation_text(OperationId operation) const;

    // Everything but the session's own facts.
    void fill(Snapshot& snapshot, const ClockOffset& clock, const KernelAccount& kernel) const;

    // Those alone.
    void fill_blind_spots(Snapshot& snapshot) const { blind_spots_.fill(services_, snapshot); }

    [[nodiscard]] std::vector<const ConnectionInfo*> unix_sockets() const { return connections_.unix_sockets(); }
    [[nodiscard]] const Services& services() const { return services_; }
    // null: they are not collected.
    [[nodiscard]] StackCollector* stacks() { return stacks_.get(); }
    [[nodiscard]] const StackCollector* stacks() const { return stacks_.get(); }
    [[nodiscard]] const CallsByOperation& calls() const { return calls_; }
    [[nodiscard]] const Names& names() const { return names_; }
    [[nodiscard]] std::string consumer_text(const Use& use) const;

private:
    std::optional<DropReason> handle(const Event& event);
    std::optional<DropReason> handle(const Message& message);
    std::optional<DropReason> handle(const StackTaken& taken);
    std::optional<DropReason> handle(const CallsTold& told);
    std::optional<DropReason> handle(const Blind& blind);
    std::optional<DropReason> handle(const ProcessExited& exited);
    std::optional<DropReason> handle(const ProcessExecuted& executed);

    [[nodiscard]] Commands::Sink command_sink();
    void count_for_user(const Exchange& exchange, Uid uid);
    Use count(const Exchange& exchange, const Peer* peer, bool plaintext);
    void on_exchange(const Exchange& exchange) override;
    void on_lost(LostReason reason) override;
    void on_wrong_guess(ConnectionId connection, Protocol protocol) override;
    void on_compressed(const ConnectionInfo& connection, Protocol protocol, MonotonicTime time) override;
    bool on_encrypted(const ConnectionInfo& connection, Protocol protocol, MonotonicTime time) override;
    void on_no_more_blind(const ConnectionInfo& connection, BlindReason reason) override;
    void on_stayed_blind(const ConnectionInfo& connection, BlindReason reason) override;
    void on_gone(ConnectionId connection) override { costs_.on_connection_gone(connection); }
    bool stays_unread(Pid pid) { return !observers_.on_tls || !observers_.on_tls(pid); }
    ServiceId service_of(Pid pid) override { return processes_.service_of(pid); }
    void fill_services(Snapshot& snapshot) const;
    void fill_accounting(Accounting& accounting, const KernelAccount& kernel) const;

    PipelineObservers observers_;
    Services services_{kMostServices};
    Names names_;
    ConsumerNamer consumers_;
    ServiceCpu service_cpu_;
    ProcessTable processes_;
    Namer namer_;
    UsageTable usage_;
    CallsByOperation calls_;
    CostAttribution costs_{usage_, [this](CostAttribution::SampleId id, std::optional<OperationId> operation) {
                               if (CallsByOperation::has(id)) return calls_.set_operation(id, operation);
                               stacks_->set_operation(id, operation);
                           }};
    std::uint64_t numbered_uses_ = 0;
    BlindSpots blind_spots_;
    ConnectionTable connections_;
    std::optional<Commands> commands_;
    std::optional<OpenedFiles> files_;
    std::unique_ptr<StackCollector> stacks_;

    MonotonicTime latest_;
    std::uint64_t events_ = 0;
    std::uint64_t exported_ = 0;
    Drops dropped_{};
    std::array<std::uint64_t, kLostReasons> lost_{};
    std::map<Protocol, std::uint64_t> wrong_guesses_;
};

}  // namespace footfall
