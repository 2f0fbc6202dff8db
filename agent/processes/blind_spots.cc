#include "agent/processes/blind_spots.h"

#include <string>

namespace footfall {

BlindText text_of(BlindReason reason) {
    switch (reason) {
        case BlindReason::kTls:
            return {
                "TLS",
                "What passes the socket is encrypted, and footfall saw no TLS library at work on it: the process has none "
                "that can be looked into (`footfall doctor -p PID` says what it has), or the connection was over before "
                "that was found, or it never got beyond its first bytes. If a proxy ends TLS for this service, watch the "
                "plaintext side behind it."};
        case BlindReason::kTlsUnseen:
            return {"TLS without plaintext",
                    "The process's TLS library is watched, but showed no plaintext of these connections: there was none "
                    "besides the handshake, or it passed before footfall had found the library, or another thread moves the "
                    "bytes of the socket."};
        case BlindReason::kIoUring:
            return {
                "io_uring",
                "The kernel moved these bytes for io_uring, where no system call shows their buffer. If the program can be "
                "told to use epoll instead, its requests are counted."};
        case BlindReason::kCompressed:
            return {
                "compressed",
                "Both ends of these connections agreed to compress their messages, which this version does not unpack. If "
                "compression is turned off in the client's settings, its requests are counted."};
        case BlindReason::kUnknown:
            return {
                "unknown protocol",
                "What passes these connections looks like no protocol that footfall reads; or they are older than footfall, "
                "and were in the midst of something."};
    }
    return {};
}

void BlindSpots::take_back(ServiceId service, BlindReason reason) {
    const auto found = connections_.find({service, reason});
    if (found != connections_.end() && --found->second == 0) connections_.erase(found);
}

void BlindSpots::fill(const Services& services, Snapshot& snapshot) const {
    for (const auto& [spot, connections] : connections_) {
        const BlindText text = text_of(spot.second);
        BlindSpot& out = *snapshot.add_blind_spots();
        out.set_service(services.name(spot.first));
        out.set_reason(std::string(text.reason));
        out.set_hint(std::string(text.hint));
        out.set_connections(connections);
    }
}

}  // namespace footfall
