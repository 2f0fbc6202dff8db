// What the tests of naming and counting need around them: services by pid, and exchanges as a server would have them.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "agent/usage/namer.h"
#include "agent/usage/usage_table.h"

namespace footfall {

// pid 1 is "shop", 2 is "mail".
class TwoServices : public ServiceResolver {
public:
    explicit TwoServices(Services& services) : shop_(services.intern("shop")), mail_(services.intern("mail")) {}
    [[nodiscard]] ServiceId service_of(Pid pid) override { return number(pid) == 2 ? mail_ : shop_; }

private:
    ServiceId shop_;
    ServiceId mail_;
};

constexpr std::uint64_t kExchangeBegin = 1'000'000;

// Of shop, as a server: 3 ms long, its first byte after 1 ms.
inline Exchange exchange(std::string_view method, std::string_view target, std::uint16_t status = 200) {
    return {.kind = Kind::kHttp,
            .role = Role::kServer,
            .outcome = status < 500 ? Outcome::kOk : Outcome::kError,
            .status = status,
            .connection = ConnectionId{1},
            .pid = Pid{1},
            .tid = Tid{1},
            .method = method,
            .target = target,
            .error_type = status < 500 ? "" : "500",
            .begin = {kExchangeBegin},
            .first_byte = {kExchangeBegin + 1'000'000},
            .end = {kExchangeBegin + 3'000'000},
            .bytes_in = 100,
            .bytes_out = 1000};
}

inline Peer private_peer(std::uint8_t last) { return {AddressFamily::kIpv4, {{10, 0, 0, last}, 4000}, Uid{}}; }

struct UsageWorld {
    explicit UsageWorld(NamingRules rules = {}, std::uint32_t limit = kDefaultOperationLimit)
        : names(limit), namer(std::move(rules), names, services, processes, consumers) {}

    Use name(const Exchange& exchange) { return namer.name(exchange, nullptr); }
    std::string operation(const Exchange& exchange) { return names.name_of(name(exchange).operation).text; }
    void count(const Exchange& exchange) { table.record(name(exchange)); }
    void count(const Exchange& exchange, const Peer& peer) { table.record(namer.name(exchange, &peer)); }

    Names names;
    Services services;
    TwoServices processes{services};
    ConsumerNamer consumers{ConsumerMode::kDefault, ConsumerKey{7}};
    Namer namer;
    UsageTable table{names, services, consumers};
};

}  // namespace footfall
