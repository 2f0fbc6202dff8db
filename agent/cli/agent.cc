// footfall agent: watches all the time and shows what it counts on /metrics.
#include <spdlog/spdlog.h>

#include <cstdio>
#include <memory>

#include "agent/cli/command.h"
#include "agent/cli/live_options.h"
#include "agent/cli/stop_signal.h"
#include "agent/pipeline/snapshot_mailbox.h"
#include "output/http/http_server.h"
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

HttpResponse metrics(const HttpRequest& request, SnapshotMailbox& mailbox, AgentStatus status) {
    const auto snapshot = mailbox.request();
    if (!snapshot) return {503, "text/plain; charset=utf-8", kNotWatching};
    if (const auto read = read_process_metrics(status); !read) spdlog::warn("{}", read.error().what);
    status.kernel = snapshot->session().kernel();
    return metrics_response(request, metric_families(*snapshot, status));
}

// Ready once the probes are attached, which they are before the server starts; alive while the pipeline answers.
HttpResponse health(SnapshotMailbox& mailbox) {
    return mailbox.request() ? HttpResponse{.body = "ok\n"} : HttpResponse{.status = 503, .body = kNotWatching};
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
    const HttpServerOptions web{.address = config.listen.host,
                                .port = config.listen.port,
                                .insecure = config.web_insecure,
                                .version = options->version};
    const AgentStatus status = status_of(*options, {});

    StopSignal stop;
    auto session = LiveSession::start(*std::move(options));
    if (!session) return tl::unexpected(session.error());
    SnapshotMailbox mailbox;
    auto server = HttpServer::start(
        web,
        {{"/metrics", "Prometheus metrics", [&](const HttpRequest& request) { return metrics(request, mailbox, status); }},
         {"/-/healthy", "Is it alive?", [&](const HttpRequest&) { return health(mailbox); }},
         {"/-/ready", "Does it watch?", [&](const HttpRequest&) { return health(mailbox); }}});
    if (!server) return tl::unexpected(server.error());
    std::fprintf(stderr, "footfall: watching; http://%s:%u/metrics\n", web.address.c_str(),
                 static_cast<unsigned>((*server)->port()));
    TargetWatch target;
    while (!stop.wait((*session)->pause_nanoseconds())) {
        target.look(**session);
        if (const auto drained = (*session)->drain(); !drained) spdlog::error("{}", drained.error().what);
        if (mailbox.wanted()) mailbox.deliver((*session)->snapshot());
    }
    stop.release();
    mailbox.close();
    server->reset();
    if (const auto stopped = (*session)->stop(); !stopped) return tl::unexpected(stopped.error());
    return 0;
}

}  // namespace

CommandRunner set_up_agent(CLI::App& command) {
    const auto flags = std::make_shared<LiveFlags>();
    flags->add_to(command);
    command.footer(
        "Examples:\n"
        "  footfall agent                                          the whole host; metrics on 127.0.0.1:9843\n"
        "  footfall agent --config /etc/footfall/footfall.yaml     as configured\n"
        "  footfall agent --unit nginx --web.listen 127.0.0.1:9900 one unit, another port");
    return [flags] { return run_agent(*flags); };
}

}  // namespace footfall
