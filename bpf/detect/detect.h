/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What detectors answer. A detector is one pure function per protocol,
 *
 *   enum ff_detected ff_detect_NAME(const unsigned char *bytes, unsigned int length, unsigned int total)
 *
 * bytes are the first of a message, zero-padded to FF_DETECT_LENGTH, of which `length` are real; total is how many bytes the
 * call moved, or 0 where that is not known (a stream that began in small pieces). Are these bytes mine? A message may be
 * split at any byte, and several may be moved at once. Plain C without loops of unknown length: compiled for BPF, and
 * natively for tests. A wrong yes costs little where the reader in agent/protocols finds out and says so
 * (ProtocolReader::standing()).
 */
#ifndef FOOTFALL_DETECT_H
#define FOOTFALL_DETECT_H

#define FF_DETECT_LENGTH 32 /* bytes that a detector may look at */

enum ff_detected {
	FF_DETECT_NO = 0,
	FF_DETECT_MAYBE,    /* all bytes so far fit, more are needed */
	FF_DETECT_REQUEST,  /* a message that asks starts here */
	FF_DETECT_RESPONSE, /* a message that answers starts here */
	FF_DETECT_OPAQUE,   /* mine, and not readable (encrypted) or not read yet */
};

#endif
