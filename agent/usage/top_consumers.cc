#include "agent/usage/top_consumers.h"

#include <algorithm>
#include <tuple>

namespace footfall {

bool TopConsumers::add(std::uint64_t consumer, std::uint64_t uses) {
    total_ += uses;
    if (consumer == 0) {
        unknown_ += uses;
        return true;
    }
    if (consumers_[recent_] == consumer) {
        counters_[recent_].uses += uses;
        return true;
    }
    const auto* const end = consumers_.data() + tracked_;
    const auto* const found = std::find(static_cast<const std::uint64_t*>(consumers_.data()), end, consumer);
    recent_ = static_cast<std::size_t>(found - consumers_.data());
    if (found != end) {
        counters_[recent_].uses += uses;
        return true;
    }
    if (tracked_ == kTracked) {
        replace_least(consumer, uses);
        return false;
    }
    consumers_[tracked_] = consumer;
    counters_[tracked_++] = {uses, 0};
    return false;
}

void TopConsumers::replace_least(std::uint64_t consumer, std::uint64_t uses) {
    const auto least = std::min_element(counters_.begin(), counters_.end(),
                                        [](const Counter& a, const Counter& b) { return a.uses < b.uses; });
    recent_ = static_cast<std::size_t>(least - counters_.begin());
    consumers_[recent_] = consumer;
    *least = {least->uses + uses, least->uses};
}

std::vector<TopConsumers::Row> TopConsumers::rows() const {
    std::vector<Row> rows;
    for (std::size_t i = 0; i < tracked_; ++i) rows.push_back({consumers_[i], counters_[i].uses - counters_[i].error});
    std::sort(rows.begin(), rows.end(),
              [](const Row& a, const Row& b) { return std::tie(b.uses, a.consumer) < std::tie(a.uses, b.consumer); });
    return rows;
}

std::uint64_t TopConsumers::other() const {
    std::uint64_t named = unknown_;
    for (std::size_t i = 0; i < tracked_; ++i) named += counters_[i].uses - counters_[i].error;
    return total_ - named;
}

}  // namespace footfall
