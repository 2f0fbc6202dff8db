#include "agent/protocols/redis/subscriptions.h"

#include <algorithm>

namespace footfall::redis {
namespace {

constexpr Command kSubscribe = named("SUBSCRIBE");
constexpr Command kPsubscribe = named("PSUBSCRIBE");
constexpr Command kSsubscribe = named("SSUBSCRIBE");
constexpr Command kUnsubscribe = named("UNSUBSCRIBE");
constexpr Command kPunsubscribe = named("PUNSUBSCRIBE");
constexpr Command kSunsubscribe = named("SUNSUBSCRIBE");

bool is_of_patterns(Command command) { return command == kPsubscribe || command == kPunsubscribe; }
bool is_of_shards(Command command) { return command == kSsubscribe || command == kSunsubscribe; }

}  // namespace

Pushed pushed_kind(std::string_view word) {
    if (word == "message" || word == "pmessage" || word == "smessage") return Pushed::kMessage;
    if (word == "pong") return Pushed::kPong;
    if (!word.ends_with("subscribe")) return Pushed::kOther;
    const Command command = command_of(word, {});
    return is_subscription(command) || is_unsubscription(command) ? Pushed::kConfirmation : Pushed::kOther;
}

bool is_subscription(Command command) { return command == kSubscribe || command == kPsubscribe || command == kSsubscribe; }

bool is_unsubscription(Command command) {
    return command == kUnsubscribe || command == kPunsubscribe || command == kSunsubscribe;
}

void Subscriptions::confirm(Command command, std::int64_t left) {
    if (is_of_shards(command)) {
        shards_ = std::max<std::int64_t>(left, 0);
        return;
    }
    std::int64_t& kind = is_of_patterns(command) ? patterns_ : channels_;
    if (is_subscription(command) && left > total_) ++kind;
    if (is_unsubscription(command) && left < total_) --kind;
    total_ = std::max<std::int64_t>(left, 0);
    kind = std::clamp<std::int64_t>(kind, 0, total_);
}

std::int64_t Subscriptions::of(Command command) const {
    if (is_of_shards(command)) return shards_;
    return is_of_patterns(command) ? patterns_ : channels_;
}

}  // namespace footfall::redis
