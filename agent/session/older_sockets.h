// The Unix sockets that are older than footfall, of which bytes may have passed unseen. Of TCP the kernel side knows that by
// itself, since TCP counts its bytes; of Unix sockets it can't, so those that there are when the session begins are noted.
#pragma once

#include <cstdint>
#include <optional>
#include <set>

#include "agent/pipeline/stages.h"
#include "agent/processes/proc_fs.h"
#include "bpf/contract/socket_events.h"

namespace footfall {

class OlderSockets {
public:
    // Notes all that there are, in each network namespace that has a process. To be called once the probes are attached:
    // a socket that comes after that is seen whole, and one that came just before may be taken for older than it is.
    void note(const ProcFs& processes);

    // The same event, saying that its connection was opened before; none if it does not announce such a socket.
    [[nodiscard]] std::optional<ff_connection_event> marked(RawEvent raw) const;

private:
    std::set<std::uint32_t> inodes_;  // one host has one count of them, whatever the namespace
};

}  // namespace footfall
