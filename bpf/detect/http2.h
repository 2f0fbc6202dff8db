/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The client's connection preface of HTTP/2 without TLS (RFC 9113 §3.4), which reads like an HTTP/1 request of method PRI.
 */
#ifndef FOOTFALL_DETECT_HTTP2_H
#define FOOTFALL_DETECT_HTTP2_H

#include "detect.h"

static inline enum ff_detected ff_detect_http2(const unsigned char *bytes, unsigned int length)
{
	const char preface[12] = {'P', 'R', 'I', ' ', '*', ' ', 'H', 'T', 'T', 'P', '/', '2'};
	unsigned int i;

	for (i = 0; i < sizeof(preface); i++) {
		if (i >= length)
			return FF_DETECT_MAYBE;
		if (bytes[i] != (unsigned char)preface[i])
			return FF_DETECT_NO;
	}
	return FF_DETECT_OPAQUE;
}

#endif
