// FastCGI: all that nginx asked PHP on a recorded connection, and one exchange of it.
#include "tests/bench/exchange_traffic.h"

namespace footfall {
namespace {

std::vector<RecordedMessage> recorded() {
    return recorded_messages(std::string(FOOTFALL_RECORDED_CONNECTIONS) + "fastcgi/kept");
}

void bm_fastcgi_exchange(benchmark::State& state) {
    const auto messages = recorded();
    replay_recorded(state, Protocol::kFastcgi, {messages.begin(), messages.begin() + 2});
}
BENCHMARK(bm_fastcgi_exchange)->Arg(1)->Arg(64)->Arg(4096);

void bm_fastcgi_recorded(benchmark::State& state) { replay_recorded(state, Protocol::kFastcgi, recorded()); }
BENCHMARK(bm_fastcgi_recorded)->Arg(64);

}  // namespace
}  // namespace footfall
