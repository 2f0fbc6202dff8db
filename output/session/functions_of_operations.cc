#include "output/session/functions_of_operations.h"

#include <algorithm>
#include <set>

#include "output/session/operation_globs.h"

namespace footfall {
namespace {

bool is_by_operation(const FunctionFile& file) { return file.by() == "operation"; }

void keep_parts_of(FunctionUse& use, const std::vector<std::string>& operations) {
    auto& parts = *use.mutable_parts();
    const auto left = std::remove_if(parts.begin(), parts.end(),
                                     [&](const FunctionPartUse& part) { return !means_operation(operations, part.name()); });
    parts.erase(left, parts.end());
    std::uint64_t calls = 0;
    for (const FunctionPartUse& part : parts) calls += part.calls();
    use.set_calls(calls);
    use.clear_not_told_apart();
    use.clear_duration();  // of all calls
    use.clear_not_returned();
    if (calls != 0) return;
    use.clear_first_seen_unix_nanos();
    use.clear_last_seen_unix_nanos();
}

}  // namespace

bool tells_functions_by_operation(const Snapshot& snapshot) {
    return std::any_of(snapshot.function_files().begin(), snapshot.function_files().end(), is_by_operation);
}

std::optional<std::vector<std::string>> keep_functions_of(Snapshot& snapshot, const std::vector<std::string>& operations) {
    std::set<std::string> there;
    bool any = false;
    auto& files = *snapshot.mutable_function_files();
    for (const FunctionFile& file : files) {
        if (!is_by_operation(file)) continue;
        for (const FunctionUse& use : file.functions()) {
            for (const FunctionPartUse& part : use.parts()) {
                there.insert(part.name());
                any |= means_operation(operations, part.name());
            }
        }
    }
    if (!any) return std::vector(there.begin(), there.end());
    files.erase(std::remove_if(files.begin(), files.end(), [](const FunctionFile& file) { return !is_by_operation(file); }),
                files.end());
    for (FunctionFile& file : files) {
        for (FunctionUse& use : *file.mutable_functions()) keep_parts_of(use, operations);
    }
    return std::nullopt;
}

}  // namespace footfall
