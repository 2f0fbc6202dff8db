#include "agent/protocols/pairing/by_id.h"

#include <algorithm>
#include <utility>

namespace footfall {
namespace {

constexpr std::size_t kKeptSlots = 64;  // more are given back when nothing waits

}  // namespace

void ById::restart(const ReaderContext& context, Kind kind, Standing standing) {
    context_ = context;
    kind_ = kind;
    requests_.reset();
    standing_ = standing;
    forget();
}

void ById::set_role(Direction direction, bool is_request) {
    set_role((direction == Direction::kReceived) == is_request ? Role::kServer : Role::kClient);
}

std::optional<Role> ById::role() const {
    if (!requests_) return std::nullopt;
    return *requests_ == Direction::kReceived ? Role::kServer : Role::kClient;
}

void ById::break_off() {
    if (is_confirmed()) return lose_all(LostReason::kUnparsable);
    standing_ = Standing::kRefuted;
    forget();
}

void ById::go_compressed() {
    break_off();
    standing_ = Standing::kCompressed;
}

OpenRequest* ById::begin(std::uint32_t id, const Stamp& stamp) {
    lose(id, LostReason::kGap);
    ++started_;
    if (ids_.size() == kLimit) {
        ++unkept_;
        context_.sink->on_lost(LostReason::kTooManyOpen);
        return nullptr;
    }
    if (ids_.size() == slots_.size()) slots_.emplace_back();
    Slot& slot = slots_[ids_.size()];
    ids_.push_back(id);
    slot.serial = serial_++;
    slot.request.began = stamp;
    return &slot.request;
}

OpenRequest* ById::find(std::uint32_t id) {
    const std::size_t place = place_of(id);
    return place == ids_.size() ? nullptr : &slots_[place].request;
}

void ById::finish(std::uint32_t id, Outcome outcome, std::string_view error_type, MonotonicTime end) {
    const std::size_t place = place_of(id);
    if (place < ids_.size()) finish_at(place, outcome, error_type, end);
}

void ById::lose(std::uint32_t id, LostReason reason) {
    const std::size_t place = place_of(id);
    if (place < ids_.size()) lose_at(place, reason);
}

void ById::lose_all(LostReason reason) {
    while (!ids_.empty()) lose_at(ids_.size() - 1, reason);
}

void ById::lose_one(LostReason reason) {
    ++started_;
    context_.sink->on_lost(reason);
}

void ById::lose_unasked(LostReason reason) {
    if (unkept_ == 0) return lose_one(reason);
    --unkept_;
}

void ById::lose_doubtful() {
    for (std::size_t place = ids_.size(); place-- > 0;) {
        if (slots_[place].serial < doubtful_before_) lose_at(place, LostReason::kGap);
    }
    doubtful_before_ = 0;
}

bool ById::is_doubtful(std::uint32_t id) const {
    const std::size_t place = place_of(id);
    return place < ids_.size() && slots_[place].serial < doubtful_before_;
}

void ById::close(CloseReason reason, MonotonicTime time) {
    if (standing_ == Standing::kGuessed) return forget();
    lose_doubtful();
    while (!ids_.empty()) finish_at(ids_.size() - 1, Outcome::kError, text_of(reason), time);
}

void ById::session_end() {
    if (standing_ == Standing::kGuessed) return forget();
    lose_doubtful();
    lose_all(LostReason::kUnfinished);
}

void ById::forget() {
    while (!ids_.empty()) remove(ids_.size() - 1);
    started_ = unkept_ = serial_ = doubtful_before_ = 0;
}

std::size_t ById::place_of(std::uint32_t id) const {
    return static_cast<std::size_t>(std::find(ids_.begin(), ids_.end(), id) - ids_.begin());
}

void ById::finish_at(std::size_t place, Outcome outcome, std::string_view error_type, MonotonicTime end) {
    const OpenRequest& request = slots_[place].request;
    if (request.lost) return lose_at(place, *request.lost);
    const Role role = is_request(Direction::kSent) ? Role::kClient : Role::kServer;
    Exchange exchange = exchange_of(request, role, outcome, error_type, end);
    exchange.kind = kind_;
    exchange.connection = context_.connection;
    context_.sink->on_exchange(exchange);
    remove(place);
}

void ById::lose_at(std::size_t place, LostReason reason) {
    context_.sink->on_lost(slots_[place].request.lost.value_or(reason));
    remove(place);
}

// The last one takes its place.
void ById::remove(std::size_t place) {
    const std::size_t last = ids_.size() - 1;
    recycle(slots_[place].request);
    if (place != last) std::swap(slots_[place], slots_[last]);
    ids_[place] = ids_[last];
    ids_.pop_back();
    if (ids_.empty() && slots_.size() > kKeptSlots) {
        slots_ = {};
        ids_ = {};
    }
}

}  // namespace footfall
