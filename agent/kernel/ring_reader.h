// Drains the ring buffer that all probes write to. Probes never wake the agent (that would triple what an event costs the
// watched program), so the agent calls drain() by the clock; libbpf does the memory barriers.
#pragma once

#include <cstddef>
#include <memory>

#include "agent/base/result.h"
#include "agent/pipeline/stages.h"

struct ring_buffer;

namespace footfall {

// Takes each record, in the order of the ring. The record's bytes are the ring's own and valid during the call only.
class RawEventConsumer {
public:
    RawEventConsumer() = default;
    virtual ~RawEventConsumer() = default;
    RawEventConsumer(const RawEventConsumer&) = delete;
    RawEventConsumer& operator=(const RawEventConsumer&) = delete;
    virtual void on_raw(RawEvent raw) = 0;
};

// Owns the mapping of one ring. Used by one thread.
class RingReader {
public:
    // consumer must outlive the reader. Fails when the ring can't be mapped.
    static Result<RingReader> open(int ring_map_fd, RawEventConsumer& consumer);

    // Hands out what is in the ring, and what arrives meanwhile up to a limit; returns how many records that were.
    Result<std::size_t> drain();
    // Share of the ring that is waiting, 0 to 1.
    [[nodiscard]] double fill() const;

private:
    struct Close {
        void operator()(ring_buffer* ring) const;
    };
    // What libbpf hands back at each record.
    struct Delivery {
        RawEventConsumer* consumer = nullptr;
        std::size_t records = 0;  // of this drain
    };
    static int hand_out(void* delivery, void* data, std::size_t size);

    RingReader() = default;
    std::unique_ptr<Delivery> delivery_;
    std::unique_ptr<ring_buffer, Close> ring_;
};

}  // namespace footfall
