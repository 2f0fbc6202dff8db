/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What detectors answer. A detector is one pure function per protocol: given the first bytes of a message (zero-padded to
 * FF_DETECT_LENGTH) and how many of them are real, are these bytes mine? Plain C: compiled for BPF, and natively for tests.
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
