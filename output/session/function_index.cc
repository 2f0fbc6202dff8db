#include "output/session/function_index.h"

namespace footfall {

FunctionIndex::FunctionIndex(const Snapshot& snapshot) {
    for (const FunctionFile& file : snapshot.function_files()) {
        for (const FunctionUse& use : file.functions()) {
            add(file.path(), use);
            if (!file.build_id().empty()) add(file.build_id(), use);
        }
    }
}

void FunctionIndex::add(const std::string& file, const FunctionUse& use) {
    functions_[{file, use.name()}].push_back(&use);
    for (const std::string& alias : use.aliases()) functions_[{file, alias}].push_back(&use);
}

const FunctionUse* FunctionIndex::find(std::string_view build_id, std::string_view path, std::string_view name,
                                       std::uint64_t address) const {
    auto found = build_id.empty() ? functions_.end() : functions_.find({std::string(build_id), std::string(name)});
    if (found == functions_.end()) found = functions_.find({std::string(path), std::string(name)});
    if (found == functions_.end()) return nullptr;
    if (found->second.size() == 1) return found->second.front();
    const FunctionUse* nearest = nullptr;
    for (const FunctionUse* use : found->second) {
        if (use->address() <= address && (nearest == nullptr || use->address() > nearest->address())) nearest = use;
    }
    return nearest;
}

}  // namespace footfall
