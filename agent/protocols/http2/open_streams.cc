#include "agent/protocols/http2/open_streams.h"

#include <algorithm>
#include <utility>

namespace footfall::http2 {
namespace {

constexpr std::size_t kKeptSlots = 16;          // more are given back when they are not needed
constexpr std::size_t kKeptNameCapacity = 512;  // a longer name's buffer is given back

void recycle(OpenStream& stream) {
    std::string text = std::move(stream.text);
    text.clear();
    if (text.capacity() > kKeptNameCapacity) text.shrink_to_fit();
    CallFinder finder = std::move(stream.finder);
    finder.stop();
    stream = OpenStream{};
    stream.text = std::move(text);
    stream.finder = std::move(finder);
}

}  // namespace

void OpenStream::name(std::string_view method, std::string_view path) {
    method_length = static_cast<std::uint8_t>(method.size());
    path_length = static_cast<std::uint16_t>(path.size());
    text.assign(method);
    text.append(path);
}

OpenStream& OpenStreams::open(std::uint32_t id) {
    if (free_.empty()) {
        free_.push_back(static_cast<std::uint32_t>(slots_.size()));
        slots_.emplace_back();
    }
    const std::uint32_t place = free_.back();
    free_.pop_back();
    places_.insert({id, place});
    slots_[place].id = id;
    most_ = std::max(most_, places_.size());
    return slots_[place];
}

void OpenStreams::close(OpenStream& stream) {
    places_.erase(stream.id);
    recycle(stream);
    free_.push_back(static_cast<std::uint32_t>(&stream - slots_.data()));
    if (!places_.empty()) return;
    if (slots_.size() > kKeptSlots && most_ < slots_.size() / 4) release();
    most_ = 0;
}

void OpenStreams::clear() {
    for_each([this](OpenStream& stream) { close(stream); });
    if (slots_.size() > kKeptSlots) release();
}

void OpenStreams::release() {
    slots_ = {};
    free_ = {};
    places_ = {};
}

}  // namespace footfall::http2
