// Gives up everything that a helper process does not need. There is no way back.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

#include "agent/base/result.h"

namespace footfall {

// Whom a helper of root's becomes; its group likewise.
constexpr uid_t kNobodyUser = 65'534;

// Sanitizers reserve terabytes of address space and make calls of their own, so what they build has no limit of memory and
// may do a little more.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kIsSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kIsSanitized = true;
#else
constexpr bool kIsSanitized = false;
#endif
#else
constexpr bool kIsSanitized = false;
#endif

// For one that only reads a few open files. Ends with the parent; loses its user, its capabilities and every way to get them
// back; may use max_memory bytes of address space; and from here on is killed by any system call but the few that reading
// and answering take.
Result<void> enter_sandbox(std::size_t max_memory);

// For one that talks to servers. The same, but it may still use the network, and the file system as nobody may; it can't
// start programs or processes or look into any, and no file that it writes becomes larger than max_file_bytes.
Result<void> enter_network_sandbox(std::size_t max_memory, std::uint64_t max_file_bytes);

}  // namespace footfall
