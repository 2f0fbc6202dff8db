// footfall trace: one line, or one JSON line, for each use as it ends, in the order of their ends.
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "agent/base/time_order.h"
#include "agent/cli/blind_spot_news.h"
#include "agent/cli/command.h"
#include "agent/cli/live_options.h"
#include "agent/cli/stop_signal.h"
#include "agent/pipeline/kind.h"
#include "output/json/trace_line_json.h"
#include "output/table/trace_line_text.h"

namespace footfall {
namespace {

struct TraceFlags {
    LiveFlags live;
    DurationFlag duration;
    bool json = false;
};

// A use may be known to be over only when something else happens on its connection. What takes longer than this is out of
// order: an older connection's first uses wait until their order is proved.
constexpr std::uint64_t kPatience = 100'000'000;
constexpr std::size_t kMostKept = 65536;

struct Line {
    TraceLine use;
    std::uint64_t number = 0;  // of the use
    std::uint32_t count = 1;
};

// Where the lines go. Its reader may go away, which only ends the trace; any other failure is an error.
class Lines {
public:
    Lines(bool json, const TerminalStyle& style) : json_(json), style_(style) {}

    void add(MonotonicTime time, Line line) { order_.add(time, std::move(line)); }
    // Comes behind the use, and in front of most that came later.
    void add_cost(std::uint64_t use, std::uint64_t cpu_nanoseconds) {
        if (costs_.size() >= kMostKept) costs_.clear();
        costs_[use] = cpu_nanoseconds;
    }
    // Prints those that are due.
    void print(MonotonicTime now) {
        order_.release(now, [this](Line line) { write(std::move(line)); });
        flush();
    }
    void print_all() {
        order_.release_all([this](Line line) { write(std::move(line)); });
        flush();
    }
    [[nodiscard]] bool failed() const { return error_ != 0; }
    [[nodiscard]] Result<void> result() const {
        if (error_ == 0 || error_ == EPIPE) return {};
        return system_failure("cannot print the trace", error_);
    }

private:
    void write(Line line) {
        if (const auto cost = costs_.extract(line.number)) line.use.cpu_nanos = cost.mapped();
        const std::string text = (json_ ? trace_line_json(line.use) : trace_line_text(line.use, style_)) + '\n';
        for (std::uint32_t i = 0; i < line.count; ++i) {
            if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) note(errno);
        }
    }
    void flush() {
        if (std::fflush(stdout) != 0) note(errno);
    }
    void note(int error) {
        if (error_ == 0) error_ = error;
    }

    bool json_;
    TerminalStyle style_;
    TimeOrder<Line> order_{kPatience, kMostKept};
    std::unordered_map<std::uint64_t, std::uint64_t> costs_;  // by use
    int error_ = 0;
};

void add(const Use& use, const Exchange& exchange, const Pipeline& pipeline, const ClockOffset& clock, Lines& lines) {
    const OperationName& operation = pipeline.names().name_of(use.operation);
    TraceLine line{
        .time = clock.wall(use.end),
        .service = std::string(pipeline.services().name(use.service)),
        .role = use.role == Role::kServer ? "server" : "client",
        .kind = std::string(name(operation.scope.kind)),
        .tls = use.tls,
        .operation = operation.text,
        .outcome = outcome_text(use.outcome, use.status, use.error_type),
        .error_type = std::string(use.error_type),
        .duration_nanos = elapsed(use.begin, use.end),
        .time_to_first_byte_nanos = use.first_byte.seen() ? std::optional(elapsed(use.begin, use.first_byte)) : std::nullopt,
        .bytes_in = use.bytes_in,
        .bytes_out = use.bytes_out,
        .consumer = pipeline.consumer_text(use),
        .pid = number(exchange.pid),
    };
    lines.add(use.end, {std::move(line), use.number, use.count});
}

Result<int> trace(const TraceFlags& flags) {
    auto options = flags.live.resolve();
    if (!options) return tl::unexpected(options.error());
    options->config.stacks.mode = StackMode::kNone;
    const auto duration = flags.duration.resolve();
    if (!duration) return tl::unexpected(duration.error());
    StopSignal stop;
    const ClockOffset clock = ClockOffset::now();
    const TerminalStyle style = TerminalStyle::of(STDOUT_FILENO);
    Lines lines(flags.json, style);
    auto session = LiveSession::start(
        *std::move(options),
        [&](const Use& use, const Exchange& exchange, const Pipeline& pipeline) {
            add(use, exchange, pipeline, clock, lines);
        },
        [&](std::uint64_t use, std::uint64_t cpu_nanoseconds) { lines.add_cost(use, cpu_nanoseconds); });
    if (!session) return tl::unexpected(session.error());
    std::fputs("footfall: tracing (Ctrl-C ends it)\n", stderr);
    BlindSpotNews blind_spots;
    const MonotonicTime start = monotonic_now();
    const auto over = [&] { return *duration != 0 && elapsed(start, monotonic_now()) >= *duration; };
    while (!over() && (*session)->target_alive() && !stop.wait((*session)->pause_nanoseconds())) {
        if (const auto drained = (*session)->drain(); !drained) return tl::unexpected(drained.error());
        lines.print(monotonic_now());
        if (lines.failed()) break;
        blind_spots.look((*session)->pipeline(), monotonic_now());
    }
    stop.release();
    if (const auto stopped = (*session)->stop(); !stopped) return tl::unexpected(stopped.error());
    lines.print_all();
    blind_spots.finish((*session)->pipeline());
    if (const auto printed = lines.result(); !printed) return tl::unexpected(printed.error());
    if (const std::uint64_t lost = (*session)->progress().lost; lost != 0) spdlog::warn("{} events were lost", lost);
    return 0;
}

}  // namespace

CommandRunner set_up_trace(CLI::App& command) {
    const auto flags = std::make_shared<TraceFlags>();
    flags->duration.add_to(command);
    command.add_flag("--json", flags->json, "one JSON object a line");
    flags->live.add_to(command, {"operations", "consumers", "ring", "log"});
    command.footer(
        "Examples:\n"
        "  footfall trace --unit nginx                    every request and its latency\n"
        "  footfall trace -p 812 --json | jq .operation   the same for scripts");
    return [flags](const WatchedWords&) { return trace(*flags); };
}

}  // namespace footfall
