// Any bytes as a session file: an error or a snapshot, and a snapshot can be added to another, compared with a list
// and printed in every format.
#include <cstdint>
#include <string_view>

#include "output/json/session_json.h"
#include "output/prometheus/metric_families.h"
#include "output/prometheus/openmetrics_encoder.h"
#include "output/session/inventory.h"
#include "output/session/merge_sessions.h"
#include "output/session/session_file.h"
#include "output/table/functions_text.h"
#include "output/table/inventory_text.h"
#include "output/table/usage_table_text.h"

namespace {

constexpr std::string_view kList = "GET /orders/{id}\nhttp GET /gone\nfunction shop!buy\nbuy\n";

void print_all(const footfall::Snapshot& snapshot) {
    const footfall::InventoryAnswer inventory = footfall::compare_inventory(snapshot, footfall::plain_list(kList));
    static_cast<void>(footfall::inventory_text(inventory, {.unlisted = true}, {.width = 100}));
    static_cast<void>(footfall::functions_text(snapshot, {.unused = true, .explain = true}, {.width = 100}));
    static_cast<void>(footfall::functions_text(snapshot, {}, {}));
    static_cast<void>(footfall::usage_table_text(snapshot, {.width = 100}));
    static_cast<void>(footfall::session_json(snapshot, {&inventory}));
    static_cast<void>(footfall::encode_openmetrics(footfall::metric_families(snapshot, {})));
}

// As it is, and added to one that is the same but for when it began.
void report(const footfall::Snapshot& snapshot) {
    print_all(snapshot);
    footfall::Snapshot other = snapshot;
    other.mutable_session()->set_start_unix_nanos(~snapshot.session().start_unix_nanos());
    print_all(footfall::merge_sessions({snapshot, other}));
}

}  // namespace

// The first byte says how the rest is taken: as a file, or as a serialized snapshot, which reaches what stands behind the
// checksum and the compression.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view rest(reinterpret_cast<const char*>(data + 1), size - 1);
    if ((data[0] & 1U) == 0) {
        if (const auto snapshot = footfall::parse_session_file(rest, "fuzz")) report(*snapshot);
        return 0;
    }
    footfall::Snapshot snapshot;
    if (snapshot.ParseFromArray(rest.data(), static_cast<int>(rest.size()))) report(snapshot);
    return 0;
}
