/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * FastCGI (specification 1.0): connections begin with a BEGIN_REQUEST record, whose header of 8 bytes has one length, then a
 * role; or with a question about the application (GET_VALUES).
 */
#ifndef FOOTFALL_DETECT_FASTCGI_H
#define FOOTFALL_DETECT_FASTCGI_H

#include "detect.h"

#define FF_FASTCGI_BEGIN_REQUEST 1
#define FF_FASTCGI_GET_VALUES    9

static inline enum ff_detected ff_detect_fastcgi(const unsigned char *bytes, unsigned int length, unsigned int total)
{
	unsigned int has_id = bytes[2] | bytes[3];

	(void)total;
	if (length >= 1 && bytes[0] != 1)
		return FF_DETECT_NO;
	if (length >= 2 && bytes[1] != FF_FASTCGI_BEGIN_REQUEST && bytes[1] != FF_FASTCGI_GET_VALUES)
		return FF_DETECT_NO;
	if (length < 8)
		return FF_DETECT_MAYBE;
	if (bytes[7])
		return FF_DETECT_NO;
	if (bytes[1] == FF_FASTCGI_GET_VALUES)
		return has_id ? FF_DETECT_NO : FF_DETECT_REQUEST;
	if (!has_id || bytes[4] || bytes[5] != 8)
		return FF_DETECT_NO;
	/* Applications read the header alone; zeros stand behind it then. */
	if (length == 8)
		return FF_DETECT_REQUEST;
	return bytes[8] == 0 && bytes[9] <= 3 && bytes[10] <= 1 && (length < 10 || bytes[9]) ? FF_DETECT_REQUEST
	                                                                                     : FF_DETECT_NO;
}

#endif
