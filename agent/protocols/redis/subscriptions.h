// What a connection is subscribed to, as far as the confirmations tell: when is an (P|S)UNSUBSCRIBE without arguments
// answered?
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/protocols/redis/commands.h"

namespace footfall::redis {

// What a pushed message is, or an array on a RESP2 connection that subscribes, by its first word.
enum class Pushed : std::uint8_t { kMessage, kConfirmation, kPong, kOther };
Pushed pushed_kind(std::string_view word);

[[nodiscard]] bool is_subscription(Command command);
[[nodiscard]] bool is_unsubscription(Command command);

class Subscriptions {
public:
    // A confirmation of this command came; left is the number that it carries.
    void confirm(Command command, std::int64_t left);
    // Channels of the kind that this command is about.
    [[nodiscard]] std::int64_t of(Command command) const;
    [[nodiscard]] bool any() const { return channels_ + patterns_ + shards_ > 0; }
    // Messages came although no confirmation was seen.
    void assume() { channels_ = channels_ > 0 ? channels_ : 1; }

private:
    std::int64_t channels_ = 0;
    std::int64_t patterns_ = 0;
    std::int64_t shards_ = 0;  // counted apart by the server
    std::int64_t total_ = 0;   // of channels and patterns, as the server told
};

}  // namespace footfall::redis
