// Snapshots across threads without a lock on the hot path: a reader (the web server) asks, the pipeline's thread answers at
// its next pause with a copy.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>

#include "output/session/snapshot.pb.h"

namespace footfall {

class SnapshotMailbox {
public:
    // Any thread: asks, and waits for a snapshot made after the question. Null after close().
    std::shared_ptr<const Snapshot> request();

    // The pipeline's thread, at every pause.
    [[nodiscard]] bool wanted() const;
    void deliver(Snapshot snapshot);
    // Nobody will answer any more.
    void close();

private:
    mutable std::mutex mutex_;
    std::condition_variable delivered_;
    std::uint64_t asked_ = 0;
    std::uint64_t answered_ = 0;
    bool closed_ = false;
    std::shared_ptr<const Snapshot> latest_;
};

}  // namespace footfall
