// How a snapshot is printed: --format table or json, the same for every command that prints one.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "agent/base/result.h"
#include "output/session/snapshot.pb.h"

namespace footfall {

class ReportFormat {
public:
    void add_to(CLI::App& command);
    [[nodiscard]] bool chosen() const { return json_ || !format_.empty(); }
    // Writes to a stream. That its reader went away is no error, that a disk is full is one.
    [[nodiscard]] Result<void> print(const Snapshot& snapshot, std::FILE* to) const;

private:
    std::string format_;
    bool json_ = false;
};

}  // namespace footfall
