#include "agent/pipeline/snapshot_mailbox.h"

#include <utility>

namespace footfall {

std::shared_ptr<const Snapshot> SnapshotMailbox::request() {
    std::unique_lock lock(mutex_);
    const std::uint64_t question = ++asked_;
    delivered_.wait(lock, [&] { return closed_ || answered_ >= question; });
    return answered_ >= question ? latest_ : nullptr;
}

bool SnapshotMailbox::wanted() const {
    const std::lock_guard lock(mutex_);
    return asked_ > answered_;
}

void SnapshotMailbox::deliver(Snapshot snapshot) {
    auto shared = std::make_shared<const Snapshot>(std::move(snapshot));
    {
        const std::lock_guard lock(mutex_);
        latest_ = std::move(shared);
        answered_ = asked_;
    }
    delivered_.notify_all();
}

void SnapshotMailbox::close() {
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }
    delivered_.notify_all();
}

}  // namespace footfall
