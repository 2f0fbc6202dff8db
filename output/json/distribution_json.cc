#include "output/json/distribution_json.h"

#include "output/session/histogram_math.h"

namespace footfall {

nlohmann::ordered_json distribution_json(const Histogram& histogram) {
    using Json = nlohmann::ordered_json;
    const bool empty = histogram.count() == 0;
    const auto at = [&](double q) -> Json {
        if (empty) return nullptr;
        return quantile(histogram, q);
    };
    Json out = {{"p50", at(0.5)}, {"p90", at(0.9)}, {"p99", at(0.99)}, {"max", nullptr}, {"mean", nullptr}};
    if (!empty) out["max"] = histogram.max();
    if (!empty) out["mean"] = histogram.sum() / static_cast<double>(histogram.count());
    return out;
}

}  // namespace footfall
