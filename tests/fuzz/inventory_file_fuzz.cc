// Files of the user's that say what could be used, and what belongs to which feature: the first byte says what the file is
// taken for. What is read is compared with a session, so that its templates and globs are walked, too.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/inventory/features_file.h"
#include "agent/inventory/inventory_file.h"
#include "output/session/features.h"
#include "output/session/inventory.h"

namespace {

constexpr unsigned kFeatures = 5;

footfall::Snapshot session() {
    footfall::Snapshot snapshot;
    snapshot.mutable_session()->set_duration_nanos(1);
    for (const char* route : {"/v1/orders/{id}", "/users/{value}", "/files/{path...}", "/"}) {
        footfall::Operation& operation = *snapshot.add_operations();
        operation.set_kind("http");
        operation.set_method("GET");
        operation.set_route(route);
        operation.set_operation(std::string("GET ") + route);
        operation.add_outcomes()->set_uses(1);
    }
    footfall::Operation& table = *snapshot.add_operations();
    table.set_kind("postgresql");
    table.set_route("public.orders");
    table.set_operation("SELECT public.orders");
    table.add_outcomes()->set_uses(1);
    return snapshot;
}

void compare(const footfall::Inventory& inventory) {
    const footfall::InventoryAnswer answer = footfall::compare_inventory(session(), inventory);
    if (answer.lines.size() != inventory.items.size()) __builtin_trap();
    for (const footfall::InventoryLine& line : answer.lines) {
        const bool unclear = line.state == footfall::InventoryState::kUnclear;
        if (unclear == line.perhaps_in.empty()) __builtin_trap();
        if ((line.uses > 0) != (line.state == footfall::InventoryState::kUsed)) __builtin_trap();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const unsigned kind = data[0] % (kFeatures + 1);
    if (kind == kFeatures) {
        const auto features = footfall::parse_features("fuzz", text);
        if (features) static_cast<void>(footfall::compare_features(session(), *features));
        return 0;
    }
    static_cast<void>(footfall::guess_kind(text));
    constexpr footfall::InventoryFileKind kKinds[] = {
        footfall::InventoryFileKind::kOpenApi, footfall::InventoryFileKind::kProto, footfall::InventoryFileKind::kProtoset,
        footfall::InventoryFileKind::kSql, footfall::InventoryFileKind::kList};
    if (const auto inventory = footfall::parse_inventory("fuzz", text, kKinds[kind])) compare(*inventory);
    return 0;
}
