// footfall trace: one line, or one JSON line, for each use as it ends, in the order of their ends.
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>
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
    std::string text;
    std::uint32_t count = 1;
};

// Where the lines go. Its reader may go away, which only ends the trace; any other failure is an error.
class Lines {
public:
    void add(MonotonicTime time, Line line) { order_.add(time, std::move(line)); }
    // Prints those that are due.
    void print(MonotonicTime now) {
        order_.release(now, [this](const Line& line) { write(line); });
        flush();
    }
    void print_all() {
        order_.release_all([this](const Line& line) { write(line); });
        flush();
    }
    [[nodiscard]] bool failed() const { return error_ != 0; }
    [[nodiscard]] Result<void> result() const {
        if (error_ == 0 || error_ == EPIPE) return {};
        return system_failure("cannot print the trace", error_);
    }

private:
    void write(const Line& line) {
        for (std::uint32_t i = 0; i < line.count; ++i) {
            if (std::fwrite(line.text.data(), 1, line.text.size(), stdout) != line.text.size()) note(errno);
        }
    }
    void flush() {
        if (std::fflush(stdout) != 0) note(errno);
    }
    void note(int error) {
        if (error_ == 0) error_ = error;
    }

    TimeOrder<Line> order_{kPatience, kMostKept};
    int error_ = 0;
};

// Views of the line live as long as this call.
void add(const Use& use, const Exchange& exchange, const Pipeline& pipeline, const ClockOffset& clock,
         const TerminalStyle& style, bool json, Lines& lines) {
    const OperationName& operation = pipeline.names().name_of(use.operation);
    const std::string outcome = outcome_text(use.outcome, use.status, use.error_type);
    const std::string consumer = pipeline.consumer_text(use);
    const TraceLine line{
        .time = clock.wall(use.end),
        .service = pipeline.services().name(use.service),
        .role = use.role == Role::kServer ? "server" : "client",
        .kind = name(operation.scope.kind),
        .tls = use.tls,
        .operation = operation.text,
        .outcome = outcome,
        .error_type = use.error_type,
        .duration_nanos = elapsed(use.begin, use.end),
        .time_to_first_byte_nanos = use.first_byte.seen() ? std::optional(elapsed(use.begin, use.first_byte)) : std::nullopt,
        .bytes_in = use.bytes_in,
        .bytes_out = use.bytes_out,
        .consumer = consumer,
        .pid = number(exchange.pid),
    };
    lines.add(use.end, {(json ? trace_line_json(line) : trace_line_text(line, style)) + '\n', use.count});
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
    Lines lines;
    auto session =
        LiveSession::start(*std::move(options), [&](const Use& use, const Exchange& exchange, const Pipeline& pipeline) {
            add(use, exchange, pipeline, clock, style, flags.json, lines);
        });
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
