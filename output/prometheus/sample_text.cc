#include "output/prometheus/sample_text.h"

#include <array>
#include <charconv>
#include <cmath>

namespace footfall {
namespace {

void append_label(std::string& out, std::string_view name, std::string_view value, char before) {
    out += before;
    out += name;
    out += "=\"";
    out += escaped_text(value, true);
    out += '"';
}

}  // namespace

std::string number_text(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
    constexpr double kExactIntegers = 0x1p53;
    std::array<char, 32> buffer{};
    const bool whole = std::trunc(value) == value && std::fabs(value) < kExactIntegers;
    const auto end = whole ? std::to_chars(buffer.begin(), buffer.end(), static_cast<std::int64_t>(value))
                           : std::to_chars(buffer.begin(), buffer.end(), value);
    return {buffer.data(), end.ptr};
}

std::string escaped_text(std::string_view text, bool quotes) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        if (c == '\n') {
            out += "\\n";
            continue;
        }
        if (c == '\\' || (quotes && c == '"')) out += '\\';
        out += c;
    }
    return out;
}

void append_sample(std::string& out, std::string_view name, const io::prometheus::client::Metric& metric,
                   std::string_view bound, std::string_view value) {
    out += name;
    char before = '{';
    for (const auto& label : metric.label()) {
        append_label(out, label.name(), label.value(), before);
        before = ',';
    }
    if (!bound.empty()) {
        append_label(out, "le", bound, before);
        before = ',';
    }
    if (before == ',') out += '}';
    out += ' ';
    out += value;
    out += '\n';
}

}  // namespace footfall
