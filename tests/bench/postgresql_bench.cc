// PostgreSQL: what pgbench -S sends, as simple queries and prepared.
#include <string>

#include "tests/bench/exchange_traffic.h"

namespace footfall {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

std::string message(char type, std::string_view body) {
    const auto length = static_cast<unsigned char>(body.size() + 4);
    return type + "\0\0\0"s + static_cast<char>(length) + std::string(body);
}

const std::string kReady = message('Z', "I");
const std::string kStartup = "\0\0\0\x29\0\3\0\0user\0postgres\0database\0postgres\0\0"s;
const std::string kGreeting = message('R', "\0\0\0\0"sv) + message('K', "\0\0\0\1\0\0\0\2"sv) + kReady;
constexpr auto kColumn = "\0\1abalance\0\0\0\x40\1\0\3\0\0\0\x17\0\4\xff\xff\xff\xff\0\0"sv;
const std::string kAnswer =
    message('T', kColumn) + message('D', "\0\1\0\0\0\1\x30"sv) + message('C', "SELECT 1\0"sv) + kReady;

struct Said {
    std::string request;
    std::string response;
};

void run(benchmark::State& state, const Said& first, const Said& each) {
    ExchangeTraffic traffic(Protocol::kPostgresql, static_cast<std::uint64_t>(state.range(0)));
    const auto say = [&](const Said& said) {
        traffic.received(said.request);
        traffic.sent(said.response);
    };
    for (std::uint64_t i = 0; i < traffic.connections(); ++i) {
        traffic.next_connection();
        say({kStartup, kGreeting});
        say(first);
    }
    const std::uint64_t before = traffic.sink.used;
    for (auto _ : state) {
        traffic.next_connection();
        say(each);
    }
    if (traffic.sink.used - before != static_cast<std::uint64_t>(state.iterations()) || traffic.sink.lost != 0) {
        state.SkipWithError("not every exchange was counted once");
    }
    state.SetItemsProcessed(state.iterations());
}

void bm_postgresql_simple(benchmark::State& state) {
    const Said each{message('Q', "SELECT abalance FROM pgbench_accounts WHERE aid = 71493;\0"sv), kAnswer};
    run(state, each, each);
}
BENCHMARK(bm_postgresql_simple)->Arg(1)->Arg(64)->Arg(4096);

void bm_postgresql_prepared(benchmark::State& state) {
    const std::string parse = message('P', "P_0\0SELECT abalance FROM pgbench_accounts WHERE aid = $1;\0\0\0"sv);
    const std::string bind = message('B', "\0P_0\0\0\0\0\1\0\0\0\5\x37\x31\x34\x39\x33\0\1\0\0"sv);
    const std::string execute = message('D', "P\0"sv) + message('E', "\0\0\0\0\0"sv);
    const std::string sync = message('S', {});
    run(state, {parse + sync, message('1', {}) + kReady}, {bind + execute + sync, message('2', {}) + kAnswer});
}
BENCHMARK(bm_postgresql_prepared)->Arg(1)->Arg(64)->Arg(4096);

}  // namespace
}  // namespace footfall
