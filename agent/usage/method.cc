#include "agent/usage/method.h"

#include <array>

namespace footfall {
namespace {

// RFC 9110, PATCH of RFC 5789 and QUERY; the most frequent first.
constexpr std::array<std::string_view, 10> kStandardMethods{"GET",     "POST",    "HEAD",  "PUT",   "DELETE",
                                                            "OPTIONS", "CONNECT", "PATCH", "TRACE", "QUERY"};

}  // namespace

std::string_view standard_method(std::string_view method) {
    for (const std::string_view standard : kStandardMethods) {
        if (method == standard) return standard;
    }
    return kOtherMethod;
}

}  // namespace footfall
