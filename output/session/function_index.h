// Finds the functions that were counted by what stacks say of them: the file, a name, and an address in the function.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "output/session/snapshot.pb.h"

namespace footfall {

class FunctionIndex {
public:
    // Of the snapshot, which must outlive it.
    explicit FunctionIndex(const Snapshot& snapshot);

    // A file is known by its build-id, or by its path where one of both has none. Of several with that name, the one that
    // the address is in. Null: none was counted.
    [[nodiscard]] const FunctionUse* find(std::string_view build_id, std::string_view path, std::string_view name,
                                          std::uint64_t address) const;

private:
    void add(const std::string& file, const FunctionUse& use);

    std::map<std::pair<std::string, std::string>, std::vector<const FunctionUse*>> functions_;  // by file and name
};

}  // namespace footfall
