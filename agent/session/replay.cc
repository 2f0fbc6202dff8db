#include "agent/session/replay.h"

#include <algorithm>

#include "agent/pipeline/pipeline.h"
#include "agent/processes/process_source.h"
#include "agent/session/raw_reader.h"

namespace footfall {
namespace {

std::optional<std::uint64_t> counter_named(const std::vector<RawCounter>& counters, std::string_view wanted) {
    const auto found =
        std::find_if(counters.begin(), counters.end(), [&](const RawCounter& counter) { return counter.name == wanted; });
    return found == counters.end() ? std::nullopt : std::optional(found->value);
}

// A file that was cut has no counters; then only what was read is known.
KernelAccount recorded_account(const std::vector<RawCounter>& counters) {
    KernelAccount account{.submitted = counter_named(counters, kSubmittedCounter)};
    for (std::size_t i = 0; i < account.dropped.size(); ++i) {
        account.dropped[i] = counter_named(counters, name(static_cast<DropReason>(i))).value_or(0);
    }
    return account;
}

}  // namespace

Result<Replayed> replay_file(const std::string& path, const Config& config, const std::string& version) {
    auto reader = RawReader::open(path);
    if (!reader) return tl::unexpected(reader.error());
    RecordedProcessSource source;
    PipelineObservers observers;
    observers.on_recorded_description = [&](const ProcessDescribed& description) { source.on_described(description); };
    // The session that was recorded asked who a process is at once where it could not look into its TLS.
    observers.on_tls = [&](Pid pid) { return !source.knows(pid); };
    Pipeline pipeline({.naming = config.naming,
                       .operation_limit = config.operation_limit,
                       .consumer_mode = config.consumer_mode,
                       .consumer_key = config.consumer_key.value_or(ConsumerKey{}),
                       .commands = config.commands,
                       .files = config.files,
                       .stacks = {}},
                      source, std::move(observers));

    Replayed replayed;
    MonotonicTime first;
    while (true) {
        const auto record = reader->next();
        if (!record) {
            replayed.damage = record.error();
            break;
        }
        if (!*record) break;
        pipeline.on_raw(**record);
        if (!first.seen()) first = pipeline.latest_event();
    }
    pipeline.session_end(pipeline.latest_event());

    const RawFileInfo& info = reader->info();
    pipeline.fill(replayed.snapshot, info.clock, recorded_account(reader->counters()));
    SessionInfo& session = *replayed.snapshot.mutable_session();
    session.set_start_unix_nanos(info.clock.wall(first).nanoseconds);
    session.set_duration_nanos(elapsed(first, pipeline.latest_event()));
    session.set_host(info.host);
    session.set_kernel(info.kernel);
    session.set_footfall_version(version);
    session.set_source("replay of " + path.substr(path.rfind('/') + 1));
    if (!info.target.empty()) session.add_target(info.target);
    return replayed;
}

}  // namespace footfall
