#include "agent/usage/namer.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "agent/base/text.h"
#include "agent/pipeline/kind.h"
#include "agent/usage/method.h"

namespace footfall {
namespace {

// Who uses it is a user of this host, not a peer.
bool is_of_user(const Exchange& exchange) { return exchange.kind == Kind::kCommand || exchange.kind == Kind::kFile; }

bool is_refusal(const Exchange& exchange) {
    if (exchange.kind == Kind::kFile) return exchange.outcome == Outcome::kError;
    static constexpr std::array<std::uint16_t, 5> kRefusals{400, 404, 405, 414, 501};
    return exchange.role == Role::kServer &&
           std::find(kRefusals.begin(), kRefusals.end(), exchange.status) != kRefusals.end();
}

// Names leave room in a service's limit for the other methods of their routes, and for placeholders alone.
std::uint32_t names_kept(std::uint32_t operation_limit) { return operation_limit - operation_limit / 4; }

// The first four characters tell the standard methods apart. Services::kMaxServices needs 14 bits.
std::uint64_t context_of(const OperationScope& scope, std::string_view method, bool refused) {
    std::uint32_t method_word = 0;
    std::memcpy(&method_word, method.data(), std::min(method.size(), sizeof method_word));
    return std::uint64_t{method_word} | std::uint64_t{number(scope.service)} << 32 |
           static_cast<std::uint64_t>(scope.kind) << 48 | static_cast<std::uint64_t>(scope.role) << 56 |
           static_cast<std::uint64_t>(refused) << 57;
}

}  // namespace

Namer::Namer(NamingRules rules, Names& names, const Services& services, ServiceResolver& resolver, ConsumerNamer& consumers)
    : rules_(std::move(rules)), names_(names), services_(services), resolver_(resolver), consumers_(consumers) {}

Use Namer::name(const Exchange& exchange, const Peer* peer) {
    const ServiceId service = exchange.service ? *exchange.service : resolver_.service_of(exchange.pid);
    const bool has_consumer = (exchange.role == Role::kServer || is_of_user(exchange)) && peer != nullptr;
    return {
        .service = service,
        .operation = operation_of(exchange, service),
        .role = exchange.role,
        .outcome = exchange.outcome,
        .status = exchange.status,
        .error_type = exchange.error_type,
        .consumer = has_consumer ? consumers_.consumer_of(*peer) : 0,
        .begin = exchange.begin,
        .first_byte = exchange.first_byte,
        .end = exchange.end,
        .bytes_in = exchange.bytes_in,
        .bytes_out = exchange.bytes_out,
        .count = exchange.count,
    };
}

OperationId Namer::operation_of(const Exchange& exchange, ServiceId service) {
    const OperationScope scope{service, exchange.role, exchange.kind};
    switch (naming_of(exchange.kind)) {
        case Naming::kRoutes:
            return routed_operation(exchange, scope);
        case Naming::kAsTold:
            return told_operation(exchange, scope);
    }
    __builtin_unreachable();
}

OperationId Namer::told_operation(const Exchange& exchange, const OperationScope& scope) {
    const OperationCache::Key method = cache_.key(context_of(scope, "", false), exchange.method);
    const OperationCache::Key key = cache_.key(method.low, exchange.target);
    if (const auto known = cache_.find(key)) return *known;
    const OperationId named = names_.operation(scope, {exchange.method, exchange.target, {}}, Names::Origin::kSeen);
    cache_.insert(key, named);
    return named;
}

OperationId Namer::routed_operation(const Exchange& exchange, const OperationScope& scope) {
    const std::string_view method =
        exchange.kind == Kind::kHttp ? standard_method(exchange.method) : std::string_view(exchange.method);
    const bool is_file = exchange.kind == Kind::kFile;  // ? and # are parts of their names
    const std::string_view path = is_file ? std::string_view(exchange.target) : path_of(exchange.target);
    // A refused request for a path that was served before is found where that was.
    const auto key_of = [&](bool refused) {
        const std::uint64_t context = context_of(scope, method, refused);
        return cache_.key(exchange.call.empty() ? context : cache_.key(context, exchange.call).low, path);
    };
    OperationCache::Key key = key_of(false);
    if (const auto known = cache_.find(key)) return *known;
    const bool refused = is_refusal(exchange);
    if (refused) {
        key = key_of(true);
        if (const auto known = cache_.find(key)) return *known;
    }
    const OperationId named = name_route(scope, {method, path, exchange.call}, refused);
    cache_.insert(key, named);
    return named;
}

// words.route: still the path.
OperationId Namer::name_route(const OperationScope& scope, OperationWords words, bool refused) {
    using Learning = RouteHeuristic::Learning;
    Routes& routes = routes_of(scope);
    const std::string_view path = std::exchange(words.route, routes.patterns.match(words.method, words.route));
    // What a body calls is the caller's choice, so it has no right to a place.
    if (!words.route.empty()) {
        return names_.operation(scope, words, words.call.empty() ? Names::Origin::kConfigured : Names::Origin::kSeen);
    }
    words.route = routes.heuristic.route_of(path, refused ? Learning::kLook : Learning::kLearn);
    return names_.operation(scope, words, refused ? Names::Origin::kRefused : Names::Origin::kSeen);
}

Namer::Routes& Namer::routes_of(const OperationScope& scope) {
    const std::size_t slot = std::size_t{number(scope.service)} * 2 + static_cast<std::size_t>(scope.role);
    if (slot >= routes_.size()) routes_.resize(slot + 1);
    auto& routes = routes_[slot];
    if (!routes) {
        routes = std::make_unique<Routes>(
            Routes{patterns_for(services_.name(scope.service)), RouteHeuristic(names_kept(names_.operation_limit()))});
    }
    return *routes;
}

RoutePatterns Namer::patterns_for(std::string_view service) const {
    RoutePatterns patterns;
    for (const ServiceRoutes& own : rules_.by_service) {
        if (!glob_match(own.service, service)) continue;
        for (const RoutePattern& pattern : own.routes) static_cast<void>(patterns.add(pattern));
    }
    for (const RoutePattern& pattern : rules_.routes) static_cast<void>(patterns.add(pattern));
    return patterns;
}

}  // namespace footfall
