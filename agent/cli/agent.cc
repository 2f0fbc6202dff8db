// footfall agent: watches all the time and shows what it counts on /metrics.
#include <spdlog/spdlog.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "agent/cli/command.h"
#include "agent/cli/live_options.h"
#include "agent/cli/report_output.h"
#include "agent/cli/stop_signal.h"
#include "agent/config/values.h"
#include "agent/pipeline/errands.h"
#include "output/http/http_server.h"
#include "output/pprof/pprof_profile.h"
#include "output/prometheus/function_metrics.h"
#include "output/prometheus/inventory_metrics.h"
#include "output/prometheus/metric_families.h"
#include "output/prometheus/negotiation.h"
#include "output/prometheus/process_metrics.h"

namespace footfall {
namespace {

constexpr const char* kNotWatching = "footfall is stopping\n";

AgentStatus status_of(const LiveOptions& options, const std::string& kernel) {
    AgentStatus status;
    status.version = options.version;
    status.kernel = kernel;
    status.ring_bytes = options.config.ring_bytes;
    for (std::size_t i = 0; i < kDropReasons; ++i) status.drop_reasons.emplace_back(name(static_cast<DropReason>(i)));
    for (std::size_t i = 0; i < kLostReasons; ++i) status.lost_reasons.emplace_back(name(static_cast<LostReason>(i)));
    return status;
}

// What handlers, on threads of their own, may ask of the session.
struct Watching {
    LiveSession& session;
    bool stacks_wanted = true;  // as configured
    ComparedWith compared;
    FunctionMetrics functions;
    std::mutex functions_lock;  // scrapes come on several threads
    Errands errands;
    std::atomic<bool> profiling{false};
};

HttpResponse unavailable(std::string why) { return {.status = 503, .body = std::move(why)}; }

HttpResponse metrics(const HttpRequest& request, Watching& watching, AgentStatus status) {
    const auto snapshot = watching.errands.ask([&] { return watching.session.snapshot(); });
    if (!snapshot) return unavailable(kNotWatching);
    if (const auto read = read_process_metrics(status); !read) spdlog::warn("{}", read.error().what);
    status.kernel = snapshot->session().kernel();
    auto families = metric_families(*snapshot, status);
    {
        const std::lock_guard lock(watching.functions_lock);
        watching.functions.add(*snapshot, families);
    }
    const auto& [inventory, features, unlisted] = watching.compared;
    if (inventory) add_inventory(compare_inventory(*snapshot, *inventory), families);
    if (features) add_features(compare_features(*snapshot, *features), families);
    return metrics_response(request, families);
}

// Ready once the probes are attached, which they are before the server starts; alive while the pipeline answers.
HttpResponse health(Watching& watching) {
    return watching.errands.ask([] { return true; }) ? HttpResponse{.body = "ok\n"} : unavailable(kNotWatching);
}

Result<std::uint64_t> seconds_of(const HttpRequest& request) {
    constexpr std::uint64_t kUsual = 30;
    constexpr std::uint64_t kMost = 600;
    const auto asked = request.arguments.find("seconds");
    if (asked == request.arguments.end()) return kUsual;
    return parse_number(asked->second, 1, kMost).map_error([](const Error& error) { return error.within("seconds"); });
}

HttpResponse no_stacks(const Watching& watching) {
    return {.status = 501,
            .body = watching.stacks_wanted
                        ? "no stacks are taken here: " + watching.session.why_no_stacks() + "\n"
                        : "stacks are off (--stacks none): start the agent with --stacks on-cpu or all (stacks.mode)\n"};
}

// The stacks of so many seconds from now, as pprof. One at a time: they share what is collected.
HttpResponse profile(const HttpRequest& request, Watching& watching) {
    const auto seconds = seconds_of(request);
    if (!seconds) return {.status = 400, .body = seconds.error().what + "\n"};
    if (!watching.session.takes_stacks()) return no_stacks(watching);
    if (watching.profiling.exchange(true)) return unavailable("another profile is being taken: try again later\n");
    HttpResponse response = unavailable(kNotWatching);
    watching.errands.ask([&] { return watching.session.clear_stacks(), true; });
    watching.errands.pause(*seconds * kNanosecondsPerSecond);
    auto capture = watching.errands.ask([&] { return watching.session.stacks(); });
    auto snapshot = watching.errands.ask([&] { return watching.session.snapshot(); });
    watching.profiling = false;
    if (!capture || !*capture || !snapshot) return response;
    SymbolizerClient client;
    fill_stacks(**capture, client, *snapshot->mutable_stacks());
    snapshot->mutable_session()->set_duration_nanos(*seconds * kNanosecondsPerSecond);
    auto bytes = pprof_profile(*snapshot);
    if (!bytes) return {.status = 500, .body = bytes.error().what + "\n"};
    response = {.content_type = "application/octet-stream", .body = std::move(*bytes)};
    response.headers.emplace_back("Content-Disposition", "attachment; filename=\"profile.pb.gz\"");
    return response;
}

// An agent outlives its target, which may come back only by a selector that is not a pid. That is worth a word, once.
class TargetWatch {
public:
    void look(const LiveSession& session) {
        const MonotonicTime now = monotonic_now();
        if (gone_ || elapsed(last_look_, now) < kNanosecondsPerSecond) return;
        last_look_ = now;
        gone_ = !session.target_alive();
        if (gone_) spdlog::warn("all processes that --pid named have ended: there is nothing left to watch");
    }

private:
    bool gone_ = false;
    MonotonicTime last_look_;
};

Result<int> run_agent(const LiveFlags& flags) {
    auto options = flags.resolve();
    if (!options) return tl::unexpected(options.error());
    const Config& config = options->config;
    auto compared = read_compared(config.inventory_files, config.features_file);
    if (!compared) return tl::unexpected(compared.error());
    const HttpServerOptions web{.address = config.listen.host,
                                .port = config.listen.port,
                                .insecure = config.web_insecure,
                                .version = options->version};
    const AgentStatus status = status_of(*options, {});
    const bool stacks_wanted = config.stacks.mode != StackMode::kNone;
    const std::size_t most_function_series = config.functions.most_series;

    constexpr std::uint32_t kFrequency = 19;
    options->frequency = kFrequency;
    StopSignal stop;
    auto session = LiveSession::start(*std::move(options));
    if (!session) return tl::unexpected(session.error());
    Watching watching{**session, stacks_wanted, *std::move(compared), FunctionMetrics(most_function_series), {}, {}, {}};
    auto server = HttpServer::start(
        web,
        {{"/metrics", "Prometheus metrics", [&](const HttpRequest& request) { return metrics(request, watching, status); }},
         {"/debug/pprof/profile", "Where time goes: 30 seconds of stacks for pprof, or ?seconds=N",
          [&](const HttpRequest& request) { return profile(request, watching); }},
         {"/-/healthy", "Is it alive?", [&](const HttpRequest&) { return health(watching); }},
         {"/-/ready", "Does it watch?", [&](const HttpRequest&) { return health(watching); }}});
    if (!server) return tl::unexpected(server.error());
    std::fprintf(stderr, "footfall: watching; http://%s:%u/metrics\n", web.address.c_str(),
                 static_cast<unsigned>((*server)->port()));
    TargetWatch target;
    while (!stop.wait((*session)->pause_nanoseconds())) {
        target.look(**session);
        if (const auto drained = (*session)->drain(); !drained) spdlog::error("{}", drained.error().what);
        watching.errands.run_all();
    }
    stop.release();
    watching.errands.close();
    server->reset();
    if (const auto stopped = (*session)->stop(); !stopped) return tl::unexpected(stopped.error());
    return 0;
}

}  // namespace

CommandRunner set_up_agent(CLI::App& command) {
    const auto flags = std::make_shared<LiveFlags>();
    flags->add_to(command,
                  {"operations", "functions", "inventory", "features", "consumers", "ring", "stacks", "web", "log"});
    command.footer(
        "Examples:\n"
        "  footfall agent                                          the whole host; metrics on 127.0.0.1:9843\n"
        "  footfall agent --config /etc/footfall/footfall.yaml     as configured\n"
        "  footfall agent --unit nginx --web.listen 127.0.0.1:9900 one unit, another port");
    return [flags](const WatchedWords&) { return run_agent(*flags); };
}

}  // namespace footfall
