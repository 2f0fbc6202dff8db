#include "agent/processes/described_event.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "bpf/contract/process_events.h"

namespace footfall {
namespace {

// A zero byte inside would end the text early and shift the ones behind it.
void append_text(std::string& all, const std::string& text) {
    all.append(text, 0, text.find('\0'));
    all.push_back('\0');
}

}  // namespace

std::vector<std::byte> encode_described(Pid pid, const ProcessDescription& description, MonotonicTime time) {
    std::string text;
    append_text(text, description.service);
    append_text(text, description.executable);
    append_text(text, description.build_id);

    ff_described_event head{};
    head.event.kind = FF_EVENT_DESCRIBED;
    head.event.size = static_cast<std::uint32_t>(sizeof head + text.size());
    head.event.time_ns = time.nanoseconds;
    head.pid = number(pid);
    head.text_length = static_cast<std::uint32_t>(text.size());

    std::vector<std::byte> record(head.event.size);
    std::memcpy(record.data(), &head, sizeof head);
    std::memcpy(record.data() + sizeof head, text.data(), text.size());
    return record;
}

}  // namespace footfall
