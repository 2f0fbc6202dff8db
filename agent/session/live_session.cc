#include "agent/session/live_session.h"

#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <ctime>
#include <map>
#include <set>
#include <span>
#include <utility>

#include "agent/processes/described_event.h"
#include "agent/processes/unix_sockets.h"
#include "bpf/contract/process_events.h"
#include "bpf/contract/socket_events.h"

namespace footfall {
namespace {

constexpr double kBusyRing = 0.1;  // fuller than this at a drain: come back sooner
constexpr std::uint64_t kUnixLookInterval = kNanosecondsPerSecond;
constexpr std::uint64_t kSpliceLookInterval = 20'000'000;
constexpr std::uint64_t kPatienceAtStart = 300'000'000;  // with unwind tables that are being made
constexpr std::uint64_t kPatienceAtEnd = 4 * kNanosecondsPerSecond;
// Little work that cannot wait: a ring that nobody empties overflows within a second on a busy host.
constexpr int kNiceOfReader = -10;
constexpr std::size_t kMostRejected = 65536;
constexpr std::uint64_t kRawFlushInterval = kNanosecondsPerSecond;  // what a kill -9 can cost a raw file

Result<ConsumerKey> consumer_key(const Config& config) {
    return config.consumer_key ? Result<ConsumerKey>(*config.consumer_key) : random_consumer_key();
}

// The part of a watch that the kernel applies by itself.
Result<ff_probe_config> probe_config_of(const Watch& watch) {
    ff_probe_config config{};
    config.own_pid = static_cast<std::uint32_t>(getpid());
    config.everything = watch.whole_host ? 1 : 0;
    config.by_pid = 1;
    config.command = number(watch.command);
    config.propose_executed = watch.judge_executed ? 1 : 0;
    if (watch.ports.size() > FF_MAX_PORTS || watch.cgroups.size() > FF_MAX_CGROUPS || watch.uids.size() > FF_MAX_UIDS) {
        return failure("too many targets: at most " + std::to_string(FF_MAX_PORTS) + " ports, users, and units or cgroups",
                       "watch a common parent (--cgroup), or the whole host", ExitCode::kUsage);
    }
    std::copy(watch.ports.begin(), watch.ports.end(), config.ports);
    config.port_count = static_cast<std::uint8_t>(watch.ports.size());
    for (const CgroupId& cgroup : watch.cgroups) {
        config.cgroups[config.cgroup_count] = cgroup.id;
        config.cgroup_levels[config.cgroup_count++] = cgroup.level;
    }
    for (const Uid uid : watch.uids) config.uids[config.uid_count++] = number(uid);
    return config;
}

CollectorOptions collector_options(const StackConfig& config) {
    CollectorOptions options;
    options.shortest_wait_nanoseconds = config.shortest_wait_nanoseconds;
    options.loader.cache_directory = config.cache_directory;
    return options;
}

// A descriptor is kept for each module that was seen, so that it has names when its process is gone.
void allow_many_files() {
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

std::uint64_t peak_rss_bytes() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
    return text;
}

// One that has ended before anybody could look, as far as its execution tells.
ProcessFacts facts_of(const ProcessExecuted& executed) {
    return {.pid = executed.pid,
            .parent = executed.parent,
            .uid = executed.uid,
            .comm = std::string(executed.comm),
            .executable = std::string(executed.path)};
}

// The execution of a program that nobody asked about: a replay, which knows nothing of selectors, counts no command.
std::vector<std::byte> without_command(RawEvent executed) {
    std::vector<std::byte> bytes(executed.bytes.begin(), executed.bytes.end());
    if (bytes.size() >= sizeof(ff_executed_event)) {
        std::fill(bytes.begin() + offsetof(ff_executed_event, path), bytes.end(), std::byte{0});
    }
    return bytes;
}

}  // namespace

LiveSession::LiveSession(LiveOptions options, UseObserver on_use)
    : options_(std::move(options)), on_use_(std::move(on_use)) {}

Result<std::unique_ptr<LiveSession>> LiveSession::start(LiveOptions options, UseObserver on_use) {
    std::unique_ptr<LiveSession> session(new LiveSession(std::move(options), std::move(on_use)));
    if (auto loaded = session->load(); !loaded) return tl::unexpected<Error>(loaded.error());
    session->nice_before_ = getpriority(PRIO_PROCESS, 0);
    // Only this thread; without the privilege it stays as it is.
    setpriority(PRIO_PROCESS, 0, kNiceOfReader);
    return session;
}

LiveSession::~LiveSession() { setpriority(PRIO_PROCESS, 0, nice_before_); }

Result<void> LiveSession::load() {
    allow_many_files();
    const HostView host;
    auto selectors = Selectors::resolve(options_.target, host);
    if (!selectors) return tl::unexpected<Error>(selectors.error());
    selectors_ = std::move(*selectors);
    auto watch = selectors_->watch(host);
    if (!watch) return tl::unexpected<Error>(watch.error());
    watch_ = std::move(*watch);

    auto who = probe_config_of(*watch_);
    if (!who) return tl::unexpected<Error>(who.error());
    auto probes = ProbeSet::load({*who, watch_->pids, options_.config.ring_bytes, options_.hook, options_.sockets});
    if (!probes) return tl::unexpected<Error>(probes.error());
    probes_ = std::move(*probes);
    if (auto loaded = load_stacks(*who); !loaded) {
        why_no_stacks_ = loaded.error().what;
        spdlog::warn("no stacks: {}", why_no_stacks_);
        stack_probe_.reset();
    }

    tls_.emplace(*who, probes_->shared_maps());

    const auto key = consumer_key(options_.config);
    if (!key) return tl::unexpected<Error>(key.error());
    PipelineObservers observers;
    if (on_use_) observers.on_use = [this](const Use& use, const Exchange& exchange) { on_use_(use, exchange, *pipeline_); };
    observers.on_refused = [this](ConnectionId connection, Protocol protocol, bool plaintext) {
        probes_->refuse(number(connection), static_cast<std::uint8_t>(protocol), plaintext);
    };
    observers.on_tls = [this](Pid pid) { return look_for_tls(pid, true); };
    observers.on_exited = [this](const ProcessExited& exited) { tls_->on_exited(exited.pid); };
    observers.on_forked = [this](const ProcessForked& forked) { on_forked(forked); };
    observers.on_executed = [this](const ProcessExecuted& executed) { return on_executed(executed); };
    observers.on_description = [this](Pid pid, const ProcessDescription& found) {
        users_.note(pid, found.uid);
        record_description(pid, found);
    };
    const Config& config = options_.config;
    PipelineSettings settings{
        config.naming, config.operation_limit, config.consumer_mode, *key, config.commands && options_.sockets, {}};
    if (stack_probe_) settings.stacks = collector_options(config.stacks);
    pipeline_ = std::make_unique<Pipeline>(std::move(settings), source_, std::move(observers),
                                           stack_probe_ ? &stack_probe_->maps() : nullptr);
    if (stack_probe_) pipeline_->stacks()->processes().set_code_records([this] { follow_mappings(); });
    if (auto opened = open_raw_file(); !opened) return opened;

    auto ring = RingReader::open(probes_->ring_fd(), *this);
    if (!ring) return tl::unexpected<Error>(ring.error());
    ring_ = std::move(*ring);
    if (options_.sockets) look_for_tls();
    std::vector<int> programs = probes_->program_fds();
    if (stack_probe_) {
        for (const int program : stack_probe_->program_fds()) programs.push_back(program);
    }
    bpf_clock_.emplace(std::move(programs));
    clock_ = ClockOffset::now();
    cpu_at_start_ = read_clock(CLOCK_PROCESS_CPUTIME_ID);
    if (stack_probe_) take_waiting_threads();
    started_ = monotonic_now();
    if (auto attached = probes_->attach(); !attached) return attached;
    older_sockets_.note(host.processes);
    if (stack_probe_) begin_stacks();
    if (auto watched = watch_now(host); !watched) return watched;
    if (auto watched = watch_functions(*who); !watched) return watched;
    // Looked at now, they keep their names even if they are killed before they are next heard of.
    for (const Pid pid : watch_->pids) pipeline_->meet(pid);
    return {};
}

Result<void> LiveSession::load_stacks(const ff_probe_config& who) {
    const StackConfig& config = options_.config.stacks;
    if (config.mode == StackMode::kNone) return {};
    const StackProbeSettings settings{who, config.frequency != 0 ? config.frequency : options_.frequency,
                                      config.mode == StackMode::kAll};
    auto probe = StackProbe::load(settings, probes_->shared_maps());
    if (!probe) return tl::unexpected<Error>(probe.error());
    stack_probe_ = std::move(*probe);
    auto watch = MappingWatch::start();
    if (!watch) return tl::unexpected<Error>(watch.error());
    mapping_watch_ = std::move(*watch);
    return {};
}

Result<void> LiveSession::watch_functions(const ff_probe_config& who) {
    if (!options_.functions) return {};
    functions_.emplace(*options_.functions, who, probes_->shared_maps());
    if (auto seen = functions_->look_at_paths(); !seen) return seen;
    if (!options_.program.empty()) {
        if (auto seen = functions_->look_at_program(options_.program); !seen) return seen;
    }
    if (watch_->whole_host || watch_->judge_executed || number(watch_->command) != 0) {
        if (auto seen = functions_->look_at_libraries(); !seen) return seen;
    }
    for (const Pid pid : watch_->whole_host ? HostView().processes.pids() : watch_->pids) {
        if (auto seen = functions_->look(pid); !seen) return seen;
    }
    return {};
}

// Whoever waits when the session begins. Their stacks also tell which tables will be needed first; with those in place, the
// waits to come are walked in the kernel, rather than copied.
void LiveSession::take_waiting_threads() {
    Result<void> taken = stack_probe_->attach_waits();
    if (taken) taken = stack_probe_->take_waiting([this] { (void)drain(); });
    if (!taken) spdlog::warn("no stacks of threads that wait: {}", taken.error().what);
    wait_for_tables(kPatienceAtStart);
}

void LiveSession::begin_stacks() {
    const MonotonicTime now = monotonic_now();
    pipeline_->stacks()->session_begin(now);
    last_wait_look_ = now;
    stack_probe_->set_waits_apart(0);
    const auto attached = stack_probe_->attach_clock();
    if (attached) return;
    const bool waits = options_.config.stacks.mode == StackMode::kAll;
    if (!waits) why_no_stacks_ = attached.error().what;
    spdlog::warn("no stacks{}: {}", waits ? " of what runs" : "", attached.error().what);
}

// What the processes have that are watched from the beginning on: their first connection is seen whole. Of others, the first
// may be seen late.
void LiveSession::look_for_tls() {
    for (const Pid pid : watch_->whole_host ? HostView().processes.pids() : watch_->pids) look_for_tls(pid, false);
    if (watch_->whole_host || watch_->judge_executed || number(watch_->command) != 0) look_at_host_for_tls();
}

bool LiveSession::look_for_tls(Pid pid, bool all) {
    const bool read = tls_->look(pid, all);
    if (tls_->probe() != nullptr) probes_->follow_tls(tls_->probed());
    return read;
}

void LiveSession::look_at_host_for_tls() {
    tls_->look_at_host();
    if (tls_->probe() != nullptr) probes_->follow_tls(tls_->probed());
}

bool LiveSession::watches(Pid pid) const { return watch_->whole_host || probes_->watches(pid); }

// Once more, now that the kernel follows forks and executions: processes may have come since the first look.
Result<void> LiveSession::watch_now(const HostView& host) {
    if (watch_->whole_host) return {};
    const auto again = selectors_->watch(host);
    // Who has ended meanwhile, no event told of.
    for (const Pid pid : watch_->pids) {
        if (!host.processes.is_running(pid)) probes_->unwatch(pid);
    }
    if (again) {
        for (const Pid pid : again->pids) probes_->watch(pid);
    }
    return {};
}

Result<void> LiveSession::open_raw_file() {
    if (options_.raw_path.empty()) return {};
    utsname system{};
    uname(&system);
    const RawFileInfo info{ClockOffset::now(), system.nodename, system.release, joined(options_.target_words)};
    auto writer = RawWriter::create(options_.raw_path, info, options_.force);
    if (!writer) return tl::unexpected<Error>(writer.error());
    raw_ = std::move(*writer);
    return {};
}

void LiveSession::on_raw(RawEvent raw) {
    const std::optional<ff_connection_event> older = older_sockets_.marked(raw);
    if (older) raw = {std::as_bytes(std::span(&*older, 1))};
    rejects_execution_ = false;
    pipeline_->on_raw(raw);
    if (!raw_) return;
    // After the pipeline, which may have put the description of the process in front of it.
    std::vector<std::byte> nameless;
    if (rejects_execution_) {
        nameless = without_command(raw);
        raw = {nameless};
    }
    note_raw_error(raw_->append(raw));
}

void LiveSession::record_description(Pid pid, const ProcessDescription& description) {
    if (!raw_) return;
    const std::vector<std::byte> record = encode_described(pid, description, pipeline_->latest_event());
    note_raw_error(raw_->append({record}));
}

void LiveSession::note_raw_error(const Result<void>& written) {
    if (!written && !raw_error_) raw_error_ = written.error();
}

// The kernel side watches whatever executes until this has looked at it, and meanwhile also what that has forked.
bool LiveSession::on_executed(const ProcessExecuted& executed) {
    if (options_.sockets) look_at_host_for_tls();
    if (functions_ && watches(executed.pid)) {
        if (const auto seen = functions_->look(executed.pid); !seen) spdlog::warn("{}", seen.error().what);
    }
    if (!executed.proposed && !rejected_.contains(executed.pid)) return true;
    const HostView host;
    const auto facts = host.processes.facts(executed.pid);
    if (!selectors_->matches(facts ? *facts : facts_of(executed))) {
        reject(executed.pid);
        rejects_execution_ = true;
        return false;
    }
    rejected_.erase(executed.pid);
    if (facts) probes_->watch(executed.pid);
    return true;
}

void LiveSession::on_forked(const ProcessForked& forked) {
    if (rejected_.contains(forked.parent)) return reject(forked.pid);
    rejected_.erase(forked.pid);
}

void LiveSession::reject(Pid pid) {
    if (rejected_.size() >= kMostRejected) rejected_.clear();
    rejected_.insert(pid);
    probes_->unwatch(pid);
}

Result<void> LiveSession::drain() {
    const MonotonicTime now = monotonic_now();
    // Looked for before the ring is emptied, and closed after: their last messages may still be in it.
    std::vector<ConnectionId> vanished;
    if (elapsed(last_unix_look_, now) >= kUnixLookInterval) {
        last_unix_look_ = now;
        vanished = vanished_unix_sockets();
    }
    follow_mappings();
    fill_before_drain_ = ring_->fill();
    const auto drained = ring_->drain();
    if (!drained) return tl::unexpected<Error>(drained.error());
    for (const ConnectionId connection : vanished) tell_closed(connection, now);
    pipeline_->advance(now);
    adjust_waits(now);
    if (functions_ && !ended_.seen()) {
        if (auto advanced = functions_->advance(now); !advanced) return advanced;
    }
    bpf_clock_->tick(now, pipeline_->events());
    if (!ended_.seen()) {
        if (auto watched = watch_splice(now); !watched) return watched;
    }
    if (raw_ && elapsed(last_raw_flush_, now) >= kRawFlushInterval) {
        last_raw_flush_ = now;
        note_raw_error(raw_->flush());
    }
    if (raw_error_) {
        const Error error = *std::exchange(raw_error_, std::nullopt);
        raw_.reset();
        return tl::unexpected<Error>(error);
    }
    return {};
}

std::uint64_t LiveSession::pause_nanoseconds() const {
    const std::uint64_t interval = options_.config.drain_interval_nanoseconds;
    return fill_before_drain_ > kBusyRing ? interval / 8 : interval;
}

bool LiveSession::target_alive() const {
    if (watch_->whole_host || watch_->judge_executed || !watch_->cgroups.empty() || !watch_->uids.empty()) return true;
    return probes_->watches_any();
}

void LiveSession::follow_mappings() {
    StackCollector* stacks = pipeline_->stacks();
    if (!mapping_watch_ || stacks == nullptr) return;
    std::vector<CodeRecord> records;
    const bool lost = mapping_watch_->drain(records);
    for (const CodeRecord& record : records) {
        stacks->processes().on(record);
        const auto* mapped = std::get_if<CodeMapped>(&record);
        if (mapped != nullptr && is_named_like_tls(mapped->mapping.path) && watches(mapped->pid))
            look_for_tls(mapped->pid, false);
    }
    if (lost) stacks->processes().on_code_records_lost();
}

// A busy host switches threads a million times a second. So many are looked at as was asked for, and some stand for more: as
// soon as an interval's share is used up, and, step by step, less so when they become few.
void LiveSession::adjust_waits(MonotonicTime now) {
    constexpr std::uint64_t kInterval = 100'000'000;
    constexpr std::uint64_t kLeastApart = 50'000;
    constexpr std::uint64_t kMostApart = 4'000'000'000;  // for 32 bits
    constexpr std::uint64_t kShortest = 5'000'000;       // what came at once may have come in such a time
    if (!stack_probe_ || ended_.seen() || !last_wait_look_.seen()) return;
    const double most = options_.config.stacks.most_waits_a_second;
    const double share = most * static_cast<double>(kInterval) / 1e9;
    const std::uint64_t passed = elapsed(last_wait_look_, now);
    const auto waits = static_cast<double>(pipeline_->stacks()->waits_taken() - waits_at_last_look_);
    if (waits <= share && passed < kInterval) return;
    last_wait_look_ = now;
    waits_at_last_look_ = pipeline_->stacks()->waits_taken();
    const double rate = waits * 1e9 / static_cast<double>(std::max(passed, kShortest));
    const std::uint64_t before = waits_apart_;
    if (waits > share) {
        waits_apart_ =
            std::min(kMostApart, std::max(waits_apart_, kLeastApart) * static_cast<std::uint64_t>(std::ceil(rate / most)));
    } else if (rate < most / 4) {
        waits_apart_ = waits_apart_ > kLeastApart ? waits_apart_ / 2 : 0;
    }
    if (waits_apart_ != before) stack_probe_->set_waits_apart(static_cast<std::uint32_t>(waits_apart_));
}

// Tables that are being made complete the stacks of a short session.
void LiveSession::wait_for_tables(std::uint64_t patience_nanoseconds) {
    constexpr timespec kPause{0, 5'000'000};
    const MonotonicTime begin = monotonic_now();
    StackCollector* stacks = pipeline_->stacks();
    while (stacks != nullptr && stacks->busy() && elapsed(begin, monotonic_now()) < patience_nanoseconds) {
        nanosleep(&kPause, nullptr);
        stacks->advance(ended_.seen() ? ended_ : monotonic_now());
    }
}

Result<void> LiveSession::stop() {
    setpriority(PRIO_PROCESS, 0, nice_before_);
    tls_->detach();
    if (functions_) functions_->detach(monotonic_now());
    probes_->detach();
    if (stack_probe_) stack_probe_->detach();
    ended_ = monotonic_now();
    Result<void> result;
    int failures = 0;  // a raw file that can't be written fails once; a ring that can't be read would for ever
    const auto drain_on = [&] {
        const Result<void> drained = drain();
        if (!drained && ++failures == 1) result = drained;
    };
    do drain_on();
    while (failures < 2 && ring_->fill() > 0);
    if (stack_probe_ && stack_probe_->end_waits(drain_on)) pipeline_->stacks()->drop_open_waits();
    wait_for_tables(kPatienceAtEnd);
    // Now that nothing comes any more, also what began and ended since the last look.
    for (const ConnectionId connection : vanished_unix_sockets()) tell_closed(connection, ended_);
    pipeline_->session_end(ended_);
    if (raw_) {
        std::vector<RawCounter> counters;
        const KernelAccount account = kernel_account();
        counters.push_back({std::string(kSubmittedCounter), account.submitted.value_or(0)});
        for (std::size_t i = 0; i < account.dropped.size(); ++i) {
            counters.push_back({std::string(name(static_cast<DropReason>(i))), account.dropped[i]});
        }
        note_raw_error(raw_->finish(counters));
        raw_.reset();
    }
    if (result && raw_error_) return tl::unexpected<Error>(*std::exchange(raw_error_, std::nullopt));
    return result;
}

KernelAccount LiveSession::kernel_account() const {
    const KernelCounters counters = probes_->counters();
    KernelAccount account{.submitted = counters[FF_COUNT_SUBMITTED] + own_events_};
    std::copy_n(counters.begin(), account.dropped.size(), account.dropped.begin());
    return account;
}

// Watching splice() costs every receive something, so it begins when somebody is seen to use it. Until then, spliced bytes
// are counted when the next message or the close shows that they have passed: right in number, late in time.
Result<void> LiveSession::watch_splice(MonotonicTime now) {
    if (splice_watched_ || elapsed(last_splice_look_, now) < kSpliceLookInterval) return {};
    last_splice_look_ = now;
    if (probes_->counters()[FF_COUNT_UNSEEN] == 0) return {};
    splice_watched_ = true;
    return probes_->attach_splice();
}

// The kernel tells of the end of TCP sockets only. A Unix socket that /proc no longer lists has been closed since the last
// look, so its end is as late as that; its exchanges end with their last byte anyway.
std::vector<ConnectionId> LiveSession::vanished_unix_sockets() const {
    std::map<std::string, std::optional<std::set<std::uint32_t>>> alive_in;  // by network namespace
    std::vector<ConnectionId> vanished;
    for (const ConnectionInfo* socket : pipeline_->unix_sockets()) {
        const std::filesystem::path process = HostView().processes.directory_of(socket->pid);
        const auto [seen, first] = alive_in.try_emplace(network_namespace(process));
        if (first) seen->second = unix_inodes(process);
        if (seen->second && !seen->second->contains(socket->inode)) vanished.push_back(socket->connection);
    }
    return vanished;
}

// As an event like those of the kernel side, so that a raw file replays to the same.
void LiveSession::tell_closed(ConnectionId connection, MonotonicTime now) {
    const ff_close_event event{
        {FF_EVENT_CLOSE, 0, sizeof(ff_close_event), now.nanoseconds}, number(connection), FF_CLOSE_LOCAL, 1};
    ++own_events_;
    on_raw({std::as_bytes(std::span(&event, 1))});
}

Snapshot LiveSession::snapshot() const {
    Snapshot snapshot;
    pipeline_->fill(snapshot, clock_, kernel_account());
    utsname system{};
    uname(&system);
    SessionInfo& info = *snapshot.mutable_session();
    info.set_start_unix_nanos(clock_.wall(started_).nanoseconds);
    info.set_duration_nanos(elapsed(started_, ended_.seen() ? ended_ : monotonic_now()));
    info.set_host(system.nodename);
    info.set_kernel(system.release);
    info.set_footfall_version(options_.version);
    info.set_source("live");
    for (const std::string& word : options_.target_words) info.add_target(word);
    info.set_agent_cpu_nanos(static_cast<std::uint64_t>(read_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu_at_start_));
    info.set_agent_peak_rss_bytes(peak_rss_bytes());
    const BpfCost cost = bpf_clock_->cost(pipeline_->events());
    info.set_bpf_cpu_known(cost.known);
    info.set_bpf_cpu_nanos(cost.nanoseconds);
    if (functions_) {
        const auto filled = functions_->fill(snapshot, clock_, ended_.seen() ? ended_ : monotonic_now());
        if (!filled) spdlog::warn("{}", filled.error().what);
    }
    return snapshot;
}

std::optional<StackCapture> LiveSession::stacks() const {
    const StackCollector* collector = pipeline_->stacks();
    if (collector == nullptr) return std::nullopt;
    StackCapture capture = capture_stacks(*collector, ended_.seen() ? ended_ : monotonic_now());
    for (const Sample& sample : capture.samples) {
        capture.services.try_emplace(sample.service, pipeline_->services().name(sample.service));
        if (const auto user = users_.of(sample.pid)) capture.users.try_emplace(sample.pid, *user);
    }
    capture.period_nanoseconds = stack_probe_->period_nanoseconds();
    capture.clock = stack_probe_->clock();
    capture.detail = options_.config.stacks.lines ? Detail::kLines : Detail::kNames;
    const StackConfig& config = options_.config.stacks;
    capture.naming_patience = std::chrono::milliseconds(config.naming_patience_nanoseconds / 1'000'000);
    capture.debuginfod.urls = config.debuginfod;
    capture.debuginfod.cache_directory = config.debuginfod_cache;
    capture.debuginfod.patience = std::chrono::milliseconds(config.debuginfod_patience_nanoseconds / 1'000'000);
    return capture;
}

void LiveSession::clear_stacks() {
    if (pipeline_->stacks() == nullptr) return;
    pipeline_->stacks()->profile().clear();
    pipeline_->stacks()->session_begin(monotonic_now());
}

Progress LiveSession::progress() const {
    const KernelAccount account = kernel_account();
    Progress progress;
    progress.elapsed_nanoseconds = elapsed(started_, monotonic_now());
    progress.uses = pipeline_->uses();
    for (const std::uint64_t count : account.dropped) progress.lost += count;
    const std::int64_t cpu = read_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu_at_start_;
    progress.agent_cpu_share =
        static_cast<double>(cpu) / static_cast<double>(std::max<std::uint64_t>(progress.elapsed_nanoseconds, 1));
    progress.bpf = bpf_clock_->cost(pipeline_->events());
    return progress;
}

}  // namespace footfall
