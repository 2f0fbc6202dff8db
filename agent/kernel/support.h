// What this kernel and these privileges allow, found by trying.
#pragma once

#include <string_view>

#include "agent/base/result.h"

namespace footfall {

// May BPF programs be loaded and attached at all? The error carries the missing capability (77) or feature (69) and its fix.
Result<void> check_bpf_allowed();

// May processes of other users, and those with more privileges, be looked into? The error says what stays unseen of them.
Result<void> check_others_readable();

// Does the kernel know sock_send_length and sock_recv_length (>= 6.3), and does sendfile pass by them (>= 6.5)?
bool has_socket_length_tracepoints();

}  // namespace footfall
