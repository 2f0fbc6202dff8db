#include "agent/session/older_sockets.h"

#include <sys/socket.h>

#include <cstring>
#include <string>

#include "agent/processes/unix_sockets.h"

namespace footfall {

void OlderSockets::note(const ProcFs& processes) {
    std::set<std::string> namespaces;
    for (const Pid pid : processes.pids()) {
        const std::filesystem::path process = processes.directory_of(pid);
        if (!namespaces.insert(network_namespace(process)).second) continue;
        if (auto inodes = unix_inodes(process)) inodes_.merge(*inodes);
    }
}

std::optional<ff_connection_event> OlderSockets::marked(RawEvent raw) const {
    ff_connection_event event{};
    if (inodes_.empty() || raw.bytes.size() < sizeof(event)) return std::nullopt;
    std::memcpy(&event.event, raw.bytes.data(), sizeof(event.event));
    if (event.event.kind != FF_EVENT_CONNECTION) return std::nullopt;
    std::memcpy(&event, raw.bytes.data(), sizeof(event));
    if (event.family != AF_UNIX || !inodes_.contains(event.inode)) return std::nullopt;
    event.opened_before = 1;
    return event;
}

}  // namespace footfall
