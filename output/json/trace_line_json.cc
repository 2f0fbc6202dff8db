#include "output/json/trace_line_json.h"

#include <nlohmann/json.hpp>

#include "output/session/wall_clock_text.h"

namespace footfall {

std::string trace_line_json(const TraceLine& line) {
    using Json = nlohmann::ordered_json;
    Json out = {{"time", rfc3339_utc(line.time)}, {"service", line.service}, {"role", line.role}, {"kind", line.kind},
                {"operation", line.operation},    {"outcome", line.outcome}};
    if (line.tls) out["tls"] = true;
    if (!line.error_type.empty()) out["error_type"] = line.error_type;
    out["duration_seconds"] = nullptr;
    if (line.duration_nanos != 0) out["duration_seconds"] = in_seconds(line.duration_nanos);
    if (line.time_to_first_byte_nanos) out["time_to_first_byte_seconds"] = in_seconds(*line.time_to_first_byte_nanos);
    out["bytes_in"] = line.bytes_in;
    out["bytes_out"] = line.bytes_out;
    if (line.cpu_nanos) out["cpu_seconds"] = in_seconds(*line.cpu_nanos);
    if (!line.consumer.empty()) out["consumer"] = line.consumer;
    if (line.pid != 0) out["pid"] = line.pid;
    return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace footfall
