// RawEvent → Event: checks that a record's fields agree with its size and gives them types. Records come from the ring,
// which the kernel side filled, or from a raw file, which anybody may have written: nothing in them is believed unchecked.
#pragma once

#include <optional>

#include "agent/pipeline/stages.h"

namespace footfall {

// The event, or nothing if the record contradicts itself (DropReason::MALFORMED_EVENT). Views in the event point into raw.
std::optional<Event> decode(RawEvent raw);

// The bytes of raw that are meant; the ring hands out room in a few sizes, so a record may be longer. Empty if malformed.
RawEvent trimmed(RawEvent raw);

}  // namespace footfall
