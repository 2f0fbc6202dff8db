// Reads the headers in which a client says what it takes: a list of values with parameters and weights (RFC 9110 §12.4.2).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace footfall {

struct AcceptedItem {
    std::string value;                                            // lower case: "text/plain", "gzip", "*/*"
    std::vector<std::pair<std::string, std::string>> parameters;  // names in lower case; quotes removed; without q
    double weight = 1;                                            // 0: not wanted

    // Empty if there is none.
    [[nodiscard]] std::string_view parameter(std::string_view name) const;
};

// The most wanted first; of equal ones, the one named first. Malformed items are left out.
[[nodiscard]] std::vector<AcceptedItem> parse_accept(std::string_view header);

// Whether an Accept-Encoding header lets us send gzip.
[[nodiscard]] bool accepts_gzip(std::string_view header);

}  // namespace footfall
