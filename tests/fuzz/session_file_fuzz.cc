// Any bytes as a session file: an error or a snapshot, and a snapshot can be printed in every format.
#include <cstdint>
#include <string_view>

#include "output/json/session_json.h"
#include "output/prometheus/metric_families.h"
#include "output/prometheus/openmetrics_encoder.h"
#include "output/session/session_file.h"
#include "output/table/usage_table_text.h"

namespace {

void print_all(const footfall::Snapshot& snapshot) {
    static_cast<void>(footfall::usage_table_text(snapshot, {.width = 100}));
    static_cast<void>(footfall::session_json(snapshot));
    static_cast<void>(footfall::encode_openmetrics(footfall::metric_families(snapshot, {})));
}

}  // namespace

// The first byte says how the rest is taken: as a file, or as a serialized snapshot, which reaches what stands behind the
// checksum and the compression.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view rest(reinterpret_cast<const char*>(data + 1), size - 1);
    if ((data[0] & 1U) == 0) {
        if (const auto snapshot = footfall::parse_session_file(rest, "fuzz")) print_all(*snapshot);
        return 0;
    }
    footfall::Snapshot snapshot;
    if (snapshot.ParseFromArray(rest.data(), static_cast<int>(rest.size()))) print_all(snapshot);
    return 0;
}
