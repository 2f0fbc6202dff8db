// Runs a raw file through the pipeline. The same file gives the same snapshot, on any host and without privilege: services
// come from the file, and public addresses are hashed with a constant key unless one is configured.
#pragma once

#include <optional>
#include <string>

#include "agent/base/result.h"
#include "agent/config/config.h"
#include "output/session/snapshot.pb.h"

namespace footfall {

struct Replayed {
    Snapshot snapshot;
    std::optional<Error> damage;  // the file is cut or damaged: the snapshot is of what could be read
};

// Fails if the file can't be read at all.
Result<Replayed> replay_file(const std::string& path, const Config& config, const std::string& version);

}  // namespace footfall
