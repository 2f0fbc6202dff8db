// Exchange → Use: which service, which operation, which consumer.
//
// Readers of most protocols tell the operation as it is (kinds.def). The operation of an HTTP exchange is its method and its
// route. The route is that of the user's pattern that matches, of the service first, then of those for all services; else
// what the heuristic makes of the path.
//
// Requests that a server refuses because they name nothing it has (400, 404, 405, 414, 501) come from scanners too, which
// must not spoil the names of what is really there. They get the route that they would have otherwise, but teach the
// heuristic nothing, and may make only so many new operations (names.h); after that they are METHOD {unmatched}. A refused
// request for a route that is known counts there: GET /orders/{id} with status 404.
//
// One thread owns it. Naming a request seen before allocates nothing.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/pipeline/stages.h"
#include "agent/processes/services.h"
#include "agent/usage/consumer.h"
#include "agent/usage/names.h"
#include "agent/usage/operation_cache.h"
#include "agent/usage/route_heuristic.h"
#include "agent/usage/route_patterns.h"

namespace footfall {

// Says which service a process belongs to. The process table is one.
class ServiceResolver {
public:
    ServiceResolver() = default;
    virtual ~ServiceResolver() = default;
    ServiceResolver(const ServiceResolver&) = delete;
    ServiceResolver& operator=(const ServiceResolver&) = delete;

    [[nodiscard]] virtual ServiceId service_of(Pid pid) = 0;
};

struct ServiceRoutes {
    std::string service;  // a glob
    std::vector<RoutePattern> routes;
};

struct NamingRules {
    std::vector<RoutePattern> routes;       // for all services
    std::vector<ServiceRoutes> by_service;  // the first that match win
};

class Namer {
public:
    // The references outlive the namer.
    Namer(NamingRules rules, Names& names, const Services& services, ServiceResolver& resolver, ConsumerNamer& consumers);

    // peer: the other end of the exchange's connection; null where it is not known. Only a server's use has a consumer, and
    // a command's: the user that it runs as. The result's error_type is the exchange's.
    [[nodiscard]] Use name(const Exchange& exchange, const Peer* peer);

private:
    // What routes are known of one service in one role.
    struct Routes {
        RoutePatterns patterns;
        RouteHeuristic heuristic;
    };

    [[nodiscard]] OperationId operation_of(const Exchange& exchange, ServiceId service);
    [[nodiscard]] OperationId told_operation(const Exchange& exchange, const OperationScope& scope);
    [[nodiscard]] OperationId routed_operation(const Exchange& exchange, const OperationScope& scope);
    [[nodiscard]] OperationId name_route(const OperationScope& scope, OperationWords words, bool refused);
    [[nodiscard]] Routes& routes_of(const OperationScope& scope);
    [[nodiscard]] RoutePatterns patterns_for(std::string_view service) const;

    NamingRules rules_;
    Names& names_;
    const Services& services_;
    ServiceResolver& resolver_;
    ConsumerNamer& consumers_;
    OperationCache cache_;
    std::vector<std::unique_ptr<Routes>> routes_;  // by service and role
};

}  // namespace footfall
