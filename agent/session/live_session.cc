// How a session begins, takes in what happens, and ends.
#include "agent/session/live_session.h"

#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
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
constexpr std::uint64_t kPatienceAtEnd = 4 * kNanosecondsPerSecond;
// Little work that cannot wait: a ring that nobody empties overflows within a second on a busy host.
constexpr int kNiceOfReader = -10;
constexpr std::uint64_t kRawFlushInterval = kNanosecondsPerSecond;  // what a kill -9 can cost a raw file

Result<ConsumerKey> consumer_key(const Config& config) {
    return config.consumer_key ? Result<ConsumerKey>(*config.consumer_key) : random_consumer_key();
}

CollectorOptions collector_options(const StackConfig& config) {
    CollectorOptions options;
    options.shortest_wait_nanoseconds = config.shortest_wait_nanoseconds;
    options.most_waits_a_second = config.most_waits_a_second;
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

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
    return text;
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

LiveSession::LiveSession(LiveOptions options, UseObserver on_use, CostObserver on_cost)
    : options_(std::move(options)), on_use_(std::move(on_use)), on_cost_(std::move(on_cost)) {}

Result<std::unique_ptr<LiveSession>> LiveSession::start(LiveOptions options, UseObserver on_use, CostObserver on_cost) {
    std::unique_ptr<LiveSession> session(new LiveSession(std::move(options), std::move(on_use), std::move(on_cost)));
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
    if (auto resolved = resolve_target(host); !resolved) return resolved;
    auto who = probe_config_of(*watch_);
    if (!who) return tl::unexpected<Error>(who.error());
    who->thread_times = options_.config.costs || joins_calls() ? 1 : 0;
    who->thread_calls = joins_calls() ? 1 : 0;
    if (auto loaded = load_probes(*who); !loaded) return loaded;
    if (auto made = make_pipeline(); !made) return made;
    if (auto opened = open_raw_file(); !opened) return opened;
    auto ring = RingReader::open(probes_->ring_fd(), *this);
    if (!ring) return tl::unexpected<Error>(ring.error());
    ring_ = std::move(*ring);
    if (options_.sockets) look_for_tls();
    return begin(*who, host);
}

Result<void> LiveSession::load_probes(const ff_probe_config& who) {
    auto probes = ProbeSet::load({who, watch_->pids, options_.config.ring_bytes, options_.hook, options_.sockets});
    if (!probes) return tl::unexpected<Error>(probes.error());
    probes_ = std::move(*probes);
    if (auto loaded = load_stacks(who); !loaded) {
        why_no_stacks_ = loaded.error().what;
        spdlog::warn("no stacks: {}", why_no_stacks_);
        stack_probe_.reset();
    }
    tls_.emplace(who, probes_->shared_maps());
    return load_files(who);
}

Result<void> LiveSession::load_files(const ff_probe_config& who) {
    if (options_.config.files.empty() || !options_.sockets || watches_ports_alone()) return {};
    auto files = FileProbe::load(who, probes_->shared_maps());
    if (!files) return tl::unexpected<Error>(files.error());
    files_ = std::move(*files);
    return {};
}

Result<void> LiveSession::make_pipeline() {
    const Config& config = options_.config;
    const auto key = consumer_key(config);
    if (!key) return tl::unexpected<Error>(key.error());
    PipelineSettings settings{
        .naming = config.naming,
        .operation_limit = config.operation_limit,
        .consumer_mode = config.consumer_mode,
        .consumer_key = *key,
        .commands = config.commands && options_.sockets && !watches_ports_alone(),
        .files = config.files,
        .stacks = {},
        .cpu_of = config.costs ? cpu_of_process : ServiceCpu::CpuOf(),
    };
    if (stack_probe_) {
        settings.stacks = collector_options(config.stacks);
        settings.stacks->with_operations = config.costs;
    }
    pipeline_ = std::make_unique<Pipeline>(std::move(settings), source_, observers(),
                                           stack_probe_ ? &stack_probe_->maps() : nullptr);
    if (stack_probe_) pipeline_->stacks()->processes().set_code_records([this] { follow_mappings(); });
    return {};
}

PipelineObservers LiveSession::observers() {
    PipelineObservers observers;
    if (on_use_) observers.on_use = [this](const Use& use, const Exchange& exchange) { on_use_(use, exchange, *pipeline_); };
    observers.on_cost = on_cost_;
    observers.on_refused = [this](ConnectionId connection, Protocol protocol, bool plaintext) {
        probes_->refuse(number(connection), static_cast<std::uint8_t>(protocol), plaintext);
    };
    observers.on_tls = [this](Pid pid) { return look_for_tls(pid, true); };
    observers.on_exited = [this](const ProcessExited& exited) {
        tls_->on_exited(exited.pid);
        if (functions_) functions_->on_exited(exited.pid);
    };
    observers.on_forked = [this](const ProcessForked& forked) { on_forked(forked); };
    observers.on_executed = [this](const ProcessExecuted& executed) { return on_executed(executed); };
    observers.on_description = [this](Pid pid, const ProcessDescription& found) {
        users_.note(pid, found.uid);
        record_description(pid, found);
    };
    return observers;
}

// From here on it is watched, and its cost is counted.
Result<void> LiveSession::begin(const ff_probe_config& who, const HostView& host) {
    std::vector<int> programs = probes_->program_fds();
    if (stack_probe_) {
        for (const int program : stack_probe_->program_fds()) programs.push_back(program);
    }
    if (files_) {
        for (const int program : files_->program_fds()) programs.push_back(program);
    }
    bpf_clock_.emplace(std::move(programs));
    clock_ = ClockOffset::now();
    cpu_at_start_ = read_clock(CLOCK_PROCESS_CPUTIME_ID);
    if (stack_probe_) take_waiting_threads();
    started_ = monotonic_now();
    if (auto attached = probes_->attach(); !attached) return attached;
    if (files_) {
        if (auto attached = files_->attach(); !attached) return attached;
    }
    older_sockets_.note(host.processes);
    if (stack_probe_) begin_stacks();
    if (auto watched = watch_now(host); !watched) return watched;
    if (auto watched = watch_functions(who); !watched) return watched;
    // Looked at now, they keep their names even if they are killed before they are next heard of.
    for (const Pid pid : watch_->pids) pipeline_->meet(pid);
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
    adjust_waits();
    if (functions_ && !ended_.seen()) {
        follow_functions();
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

Result<void> LiveSession::stop() {
    setpriority(PRIO_PROCESS, 0, nice_before_);
    tls_->detach();
    if (functions_) functions_->detach(monotonic_now());
    if (files_) files_->detach();
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
    if (const auto told = probes_->tell_calls_left(drain_on); !told) spdlog::warn("{}", told.error().what);
    if (stack_probe_ && stack_probe_->end_waits(drain_on)) pipeline_->stacks()->drop_open_waits();
    wait_for_tables(kPatienceAtEnd);
    // Now that nothing comes any more, also what began and ended since the last look.
    for (const ConnectionId connection : vanished_unix_sockets()) tell_closed(connection, ended_);
    pipeline_->session_end(ended_);
    finish_raw_file();
    if (result && raw_error_) return tl::unexpected<Error>(*std::exchange(raw_error_, std::nullopt));
    return result;
}

void LiveSession::finish_raw_file() {
    if (!raw_) return;
    std::vector<RawCounter> counters;
    const KernelAccount account = kernel_account();
    counters.push_back({std::string(kSubmittedCounter), account.submitted.value_or(0)});
    for (std::size_t i = 0; i < account.dropped.size(); ++i) {
        counters.push_back({std::string(name(static_cast<DropReason>(i))), account.dropped[i]});
    }
    note_raw_error(raw_->finish(counters));
    raw_.reset();
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
        {FF_EVENT_CLOSE, 0, sizeof(ff_close_event), now.nanoseconds}, number(connection), FF_CLOSE_LOCAL, 1, {}};
    ++own_events_;
    on_raw({std::as_bytes(std::span(&event, 1))});
}

}  // namespace footfall
