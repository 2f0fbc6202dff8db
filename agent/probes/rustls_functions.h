// Where rustls, in a Rust program with symbols, moves plaintext. What a program calls (Reader, Writer) is inlined as often
// as not, and there are several of them; each byte passes one of two methods of CommonState, which are kept as functions
// even where everything is optimised as one (LTO): take_received_plaintext, of each decrypted record, and
// send_appdata_encrypt. A third one, start_outgoing_traffic, is called once, when the handshake of a connection is over; and
// ChunkVecBuffer::write_to writes what was encrypted.
//
// Known of rustls 0.23 (2024) and newer; src/common_state.rs there. Before, what is sent was passed in another way.
#pragma once

#include "agent/probes/tls_functions.h"

namespace footfall {

TlsFunctions find_rustls_functions(int fd);

}  // namespace footfall
