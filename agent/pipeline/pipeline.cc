#include "agent/pipeline/pipeline.h"

#include <numeric>
#include <type_traits>
#include <utility>

#include "agent/pipeline/decoder.h"
#include "agent/pipeline/kind.h"

namespace footfall {
namespace {

static_assert(CallsByOperation::kFirst == CostAttribution::kUncounted, "calls bound their own number");

Peer peer_of(const ConnectionInfo& connection) { return {connection.family, connection.peer, connection.peer_uid}; }

}  // namespace

Pipeline::Pipeline(PipelineSettings settings, ProcessSource& source, PipelineObservers observers, KernelTables* tables)
    : observers_(std::move(observers)),
      names_(settings.operation_limit),
      consumers_(settings.consumer_mode, settings.consumer_key),
      service_cpu_(std::move(settings.cpu_of)),
      processes_(source, services_,
                 [this](Pid pid, const ProcessDescription& description) {
                     service_cpu_.on_met(pid, services_.intern(description.service));
                     if (observers_.on_description) observers_.on_description(pid, description);
                 }),
      namer_(std::move(settings.naming), names_, services_, *this, consumers_),
      usage_(names_, services_, consumers_),
      connections_(*this) {
    if (observers_.on_cost) costs_.set_on_cost(observers_.on_cost);
    if (settings.commands) commands_.emplace(command_sink());
    if (!settings.files.empty()) {
        files_.emplace(std::move(settings.files), [this](const Exchange& file, Uid uid) { count_for_user(file, uid); });
    }
    if (!settings.stacks) return;
    const auto service_of = [this](Pid pid) { return processes_.service_of(pid); };
    stacks_ = std::make_unique<StackCollector>(*std::move(settings.stacks), tables, service_of);
}

void Pipeline::on_raw(RawEvent raw) {
    const std::optional<Event> event = decode(raw);
    // A description in a raw file is the agent's own note; no event became of it or got lost.
    if (!event || !std::holds_alternative<ProcessDescribed>(*event)) ++events_;
    const std::optional<DropReason> dropped = event ? handle(*event) : DropReason::MALFORMED_EVENT;
    if (dropped) {
        ++dropped_[static_cast<std::size_t>(*dropped)];
    } else if (!std::holds_alternative<ProcessDescribed>(*event)) {
        ++exported_;
    }
}

std::optional<DropReason> Pipeline::handle(const Event& event) {
    return std::visit(
        [this](const auto& typed) -> std::optional<DropReason> {
            using Type = std::decay_t<decltype(typed)>;
            if constexpr (requires { typed.time; }) latest_ = std::max(latest_, typed.time);
            if constexpr (std::is_same_v<Type, Message> || std::is_same_v<Type, StackTaken> ||
                          std::is_same_v<Type, CallsTold> || std::is_same_v<Type, Blind> ||
                          std::is_same_v<Type, ProcessExited> || std::is_same_v<Type, ProcessExecuted>) {
                return handle(typed);
            } else if constexpr (std::is_same_v<Type, ProcessForked>) {
                processes_.on_forked(typed);
                service_cpu_.on_forked(typed);
                if (stacks_) stacks_->processes().on_forked(typed.parent, typed.pid, typed.time);
                if (commands_) commands_->on_forked(typed);
                if (observers_.on_forked) observers_.on_forked(typed);
                return std::nullopt;
            } else if constexpr (std::is_same_v<Type, ProcessDescribed>) {
                if (observers_.on_recorded_description) observers_.on_recorded_description(typed);
                return std::nullopt;
            } else if constexpr (std::is_same_v<Type, FileOpened>) {
                if (files_) files_->on_opened(typed);
                return std::nullopt;
            } else if constexpr (std::is_same_v<Type, WaitEnded>) {
                if (stacks_) stacks_->on(typed);
                return std::nullopt;
            } else {
                return connections_.on(typed);
            }
        },
        event);
}

std::optional<DropReason> Pipeline::handle(const Message& message) {
    calls_.on_message(message.tid);
    if (connections_.find(message.connection) != nullptr) costs_.on_message(message);
    const std::optional<DropReason> dropped = connections_.on(message);
    costs_.message_read(connections_.open_exchanges(message.connection));
    return dropped;
}

std::optional<DropReason> Pipeline::handle(const StackTaken& taken) {
    const auto sample = stacks_ ? stacks_->on(taken) : std::nullopt;
    if (sample) costs_.on_sample(*sample, {taken.tid, taken.sleeps, taken.state == StackState::kBlocked});
    return std::nullopt;
}

std::optional<DropReason> Pipeline::handle(const CallsTold& told) {
    const CallsByOperation::Taken taken = calls_.on(told);
    if (taken.wants) costs_.on_sample(*taken.wants, {told.tid, told.sleeps});
    return taken.had_room ? std::nullopt : std::optional(DropReason::CALLS_LIMIT);
}

std::optional<DropReason> Pipeline::handle(const Blind& blind) {
    if (blind.reason == BlindReason::kTls) {
        const ConnectionInfo* connection = connections_.find(blind.connection);
        const bool told = connection != nullptr && connection->blind;
        if (told) return std::nullopt;
        if (!stays_unread(blind.pid))
            return connections_.on({blind.time, blind.connection, blind.pid, BlindReason::kTlsUnseen});
    }
    blind_spots_.add(processes_.service_of(blind.pid), blind.reason);
    return connections_.on(blind);
}

std::optional<DropReason> Pipeline::handle(const ProcessExited& exited) {
    const std::optional<DropReason> dropped = connections_.on(exited);
    if (stacks_) stacks_->processes().on_exited(exited.pid);
    if (observers_.on_exited) observers_.on_exited(exited);
    if (commands_) commands_->on_exited(exited);
    processes_.on_exited(exited);
    service_cpu_.on_exited(exited);
    return dropped;
}

std::optional<DropReason> Pipeline::handle(const ProcessExecuted& executed) {
    processes_.on_executed(executed);
    if (stacks_) stacks_->processes().on_executed(executed.pid);
    const bool watched = !observers_.on_executed || observers_.on_executed(executed);
    service_cpu_.on_executed(executed.pid, watched);
    if (watched && commands_) commands_->on_executed(executed);
    return std::nullopt;
}

void Pipeline::advance(MonotonicTime now) {
    connections_.advance(now);
    if (stacks_) stacks_->advance(now);
}

void Pipeline::session_end(MonotonicTime time) {
    connections_.session_end(time);
    if (commands_) commands_->session_end();
    settle_samples();
    if (stacks_) stacks_->session_end(time);
}

void Pipeline::on_exchange(const Exchange& exchange) {
    const ConnectionInfo* connection = connections_.find(exchange.connection);
    const std::optional<Peer> peer = connection != nullptr ? std::optional(peer_of(*connection)) : std::nullopt;
    const Use use = count(exchange, peer ? &*peer : nullptr, connection != nullptr && connection->plaintext);
    costs_.on_use(exchange.connection, use);
}

Commands::Sink Pipeline::command_sink() {
    return {
        .service_of = [this](Pid pid) { return processes_.service_of(pid); },
        .on_command = [this](const Exchange& command, Uid uid) { count_for_user(command, uid); },
        .on_lost = [this](LostReason reason) { on_lost(reason); },
    };
}

void Pipeline::count_for_user(const Exchange& exchange, Uid uid) {
    const Peer user{.family = AddressFamily::kUnix, .endpoint = {}, .uid = uid};
    count(exchange, &user, false);
}

Use Pipeline::count(const Exchange& exchange, const Peer* peer, bool plaintext) {
    Use use = namer_.name(exchange, peer);
    use.tls = plaintext || exchange.tls;
    use.number = ++numbered_uses_;
    usage_.record(use);
    if (observers_.on_use) observers_.on_use(use, exchange);
    return use;
}

void Pipeline::on_lost(LostReason reason) { ++lost_[static_cast<std::size_t>(reason)]; }

void Pipeline::on_wrong_guess(ConnectionId connection, Protocol protocol) {
    ++wrong_guesses_[protocol];
    const ConnectionInfo* info = connections_.find(connection);
    if (observers_.on_refused) observers_.on_refused(connection, protocol, info != nullptr && info->plaintext);
}

void Pipeline::on_compressed(const ConnectionInfo& connection, Protocol protocol, MonotonicTime) {
    blind_spots_.add(processes_.service_of(connection.pid), BlindReason::kCompressed);
    if (observers_.on_refused) observers_.on_refused(connection.connection, protocol, connection.plaintext);
}

bool Pipeline::on_encrypted(const ConnectionInfo& connection, Protocol protocol, MonotonicTime) {
    if (observers_.on_refused) observers_.on_refused(connection.connection, protocol, connection.plaintext);
    if (!stays_unread(connection.pid)) return false;
    blind_spots_.add(processes_.service_of(connection.pid), BlindReason::kTls);
    return true;
}

void Pipeline::on_no_more_blind(const ConnectionInfo& connection, BlindReason reason) {
    if (reason != BlindReason::kTlsUnseen) blind_spots_.take_back(processes_.service_of(connection.pid), reason);
}

// The others were told at once.
void Pipeline::on_stayed_blind(const ConnectionInfo& connection, BlindReason reason) {
    if (reason == BlindReason::kTlsUnseen) blind_spots_.add(processes_.service_of(connection.pid), reason);
}

std::string Pipeline::consumer_text(const Use& use) const {
    return use.consumer != 0 ? consumers_.text(use.consumer) : std::string();
}

std::string Pipeline::operation_text(OperationId operation) const {
    const OperationName& name = names_.name_of(operation);
    return std::string(footfall::name(name.scope.kind)) + " " + name.text;
}

void Pipeline::fill(Snapshot& snapshot, const ClockOffset& clock, const KernelAccount& kernel) const {
    usage_.fill(snapshot, clock);
    fill_blind_spots(snapshot);
    fill_services(snapshot);
    fill_accounting(*snapshot.mutable_accounting(), kernel);
}

void Pipeline::fill_services(Snapshot& snapshot) const {
    const auto cpu = service_cpu_.sums();
    std::uint32_t number = 0;
    for (const ServiceInfo& info : services_.all()) {
        Service* service = snapshot.add_services();
        service->set_name(info.name);
        service->set_executable(info.executable);
        service->set_build_id(info.build_id);
        service->set_processes(info.processes);
        const auto known = cpu.find(ServiceId{number++});
        if (known != cpu.end()) service->set_cpu_nanos(known->second);
    }
}

void Pipeline::fill_accounting(Accounting& accounting, const KernelAccount& kernel) const {
    const auto sum = [](const auto& counts) { return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}); };
    accounting.set_received(kernel.submitted.value_or(events_) + sum(kernel.dropped));
    accounting.set_exported(exported_);
    for (std::size_t i = 0; i < kDropReasons; ++i) {
        const std::uint64_t count = dropped_[i] + kernel.dropped[i];
        if (count != 0) (*accounting.mutable_dropped())[std::string(name(static_cast<DropReason>(i)))] = count;
    }
    for (const auto& [protocol, count] : wrong_guesses_) {
        (*accounting.mutable_wrong_guesses())[std::string(footfall::name(protocol))] = count;
    }
    accounting.set_exchanges_used(usage_.uses());
    accounting.set_exchanges_started(usage_.uses() + sum(lost_));
    for (std::size_t i = 0; i < kLostReasons; ++i) {
        if (lost_[i] != 0) (*accounting.mutable_exchanges_lost())[std::string(name(static_cast<LostReason>(i)))] = lost_[i];
    }
}

}  // namespace footfall
