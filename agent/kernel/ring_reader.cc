#include "agent/kernel/ring_reader.h"

#include <bpf/libbpf.h>

#include <cerrno>

namespace footfall {
namespace {

int hand_out(void* consumer, void* data, std::size_t size) {
    static_cast<RawEventConsumer*>(consumer)->on_raw({{static_cast<const std::byte*>(data), size}});
    return 0;
}

}  // namespace

void RingReader::Close::operator()(ring_buffer* ring) const { ring_buffer__free(ring); }

Result<RingReader> RingReader::open(int ring_map_fd, RawEventConsumer& consumer) {
    ring_buffer* ring = ring_buffer__new(ring_map_fd, hand_out, &consumer, nullptr);
    if (ring == nullptr) return system_failure("cannot map the event ring", errno);
    return RingReader(ring);
}

Result<std::size_t> RingReader::drain() {
    const int consumed = ring_buffer__consume(ring_.get());
    if (consumed < 0) return system_failure("cannot read the event ring", -consumed);
    return static_cast<std::size_t>(consumed);
}

double RingReader::fill() const {
    const ring* only = ring_buffer__ring(ring_.get(), 0);
    return static_cast<double>(ring__avail_data_size(only)) / static_cast<double>(ring__size(only));
}

}  // namespace footfall
