/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The client's connection preface of HTTP/2 without TLS (RFC 9113 §3.4), which reads like an HTTP/1 request of method PRI.
 */
#ifndef FOOTFALL_DETECT_HTTP2_H
#define FOOTFALL_DETECT_HTTP2_H

#include "detect.h"

/* A server may speak first: a SETTINGS frame (§6.5) of whole settings, without flags, on stream 0. */
static inline int ff_is_http2_settings(const unsigned char *bytes, unsigned int length)
{
	return length >= 9 && bytes[0] == 0 && bytes[1] == 0 && bytes[2] <= 60 && bytes[2] % 6 == 0 && bytes[3] == 4 &&
	       bytes[4] == 0 && bytes[5] == 0 && bytes[6] == 0 && bytes[7] == 0 && bytes[8] == 0;
}

static inline enum ff_detected ff_detect_http2(const unsigned char *bytes, unsigned int length, unsigned int total)
{
	const char preface[12] = {'P', 'R', 'I', ' ', '*', ' ', 'H', 'T', 'T', 'P', '/', '2'};
	unsigned int i;

	(void)total;
	if (ff_is_http2_settings(bytes, length))
		return FF_DETECT_OPAQUE;
	for (i = 0; i < sizeof(preface); i++) {
		if (i >= length)
			return FF_DETECT_MAYBE;
		if (bytes[i] != (unsigned char)preface[i])
			return FF_DETECT_NO;
	}
	return FF_DETECT_OPAQUE;
}

#endif
