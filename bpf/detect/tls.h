/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* A TLS record (RFC 8446 §5.1): content type, version 3.x, length; a handshake record starts with one of the two hellos. */
#ifndef FOOTFALL_DETECT_TLS_H
#define FOOTFALL_DETECT_TLS_H

#include "detect.h"

#define FF_TLS_HANDSHAKE        0x16
#define FF_TLS_APPLICATION_DATA 0x17
#define FF_TLS_LONGEST_RECORD   (16384 + 2048)

static inline enum ff_detected ff_detect_tls(const unsigned char *bytes, unsigned int length, unsigned int total)
{
	unsigned int record;

	(void)total;
	if (length < 1)
		return FF_DETECT_MAYBE;
	if (bytes[0] != FF_TLS_HANDSHAKE && bytes[0] != FF_TLS_APPLICATION_DATA)
		return FF_DETECT_NO;
	if (length < 6)
		return FF_DETECT_MAYBE;
	record = (unsigned int)bytes[3] << 8 | bytes[4];
	if (bytes[1] != 3 || bytes[2] > 4 || record == 0 || record > FF_TLS_LONGEST_RECORD)
		return FF_DETECT_NO;
	if (bytes[0] == FF_TLS_HANDSHAKE && bytes[5] != 1 && bytes[5] != 2)
		return FF_DETECT_NO;
	return FF_DETECT_OPAQUE;
}

#endif
