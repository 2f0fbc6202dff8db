// What all probes do the same way: attach a program, and turn the kernel's refusal into an error that can be acted on.
#pragma once

#include <functional>
#include <string>

#include "agent/base/result.h"

struct bpf_link;
struct bpf_program;

namespace footfall {

// With the last lines of libbpf's log. EPERM: 77; the verifier: 1; anything else that is missing: 69.
tl::unexpected<Error> refusal(const std::string& what, int error);

// Into *link, which the skeleton owns. A program that is not loaded is left alone.
Result<void> attach_program(bpf_program* program, bpf_link** link);

// Runs an attached iterator to its end, which writes a byte for each event that it sends; drain: empties the ring meanwhile.
// what: for the error, "cannot look at …".
Result<void> run_iterator(const bpf_link* iterator, const std::string& what, const std::function<void()>& drain);

}  // namespace footfall
