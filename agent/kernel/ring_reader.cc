#include "agent/kernel/ring_reader.h"

#include <bpf/libbpf.h>

#include <cerrno>
#include <cstdint>

namespace footfall {
namespace {

constexpr std::size_t kRecordHeaderBytes = 8;  // BPF_RINGBUF_HDR_SZ
constexpr std::size_t kPrefetchedBytes = 320;
constexpr std::size_t kCacheLine = 64;

// Another CPU has just written the next record, so its lines are in that one's cache: have them fetched meanwhile.
void prefetch_next(const void* data, std::size_t size) {
    const char* next = static_cast<const char*>(data) + ((size + 7) & ~std::size_t{7});
    for (std::size_t at = 0; at < kRecordHeaderBytes + kPrefetchedBytes; at += kCacheLine) __builtin_prefetch(next + at);
}

constexpr std::size_t kMostAtOnce = std::size_t{1} << 17U;  // while producers keep up, a drain would never end

}  // namespace

// A negative answer ends the drain; the record itself is consumed.
int RingReader::hand_out(void* delivery, void* data, std::size_t size) {
    prefetch_next(data, size);
    auto& to = *static_cast<Delivery*>(delivery);
    to.consumer->on_raw({{static_cast<const std::byte*>(data), size}});
    return ++to.records < kMostAtOnce ? 0 : -EAGAIN;
}

void RingReader::Close::operator()(ring_buffer* ring) const { ring_buffer__free(ring); }

Result<RingReader> RingReader::open(int ring_map_fd, RawEventConsumer& consumer) {
    RingReader reader;
    reader.delivery_ = std::make_unique<Delivery>(Delivery{&consumer, 0});
    reader.ring_.reset(ring_buffer__new(ring_map_fd, hand_out, reader.delivery_.get(), nullptr));
    if (!reader.ring_) return system_failure("cannot map the event ring", errno);
    return reader;
}

Result<std::size_t> RingReader::drain() {
    delivery_->records = 0;
    const int consumed = ring_buffer__consume(ring_.get());
    if (consumed < 0 && consumed != -EAGAIN) return system_failure("cannot read the event ring", -consumed);
    return delivery_->records;
}

double RingReader::fill() const {
    const ring* only = ring_buffer__ring(ring_.get(), 0);
    return static_cast<double>(ring__avail_data_size(only)) / static_cast<double>(ring__size(only));
}

}  // namespace footfall
