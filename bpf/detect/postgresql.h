/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * PostgreSQL's protocol 3 (manual, "Message Formats"). A client begins with a length and a code, which nobody else has. In
 * the middle of a connection a message is a type, a length that counts itself, and a body: those of a client that ask, if
 * they fit into what the call moved, and what a server answers to prepared statements.
 */
#ifndef FOOTFALL_DETECT_POSTGRESQL_H
#define FOOTFALL_DETECT_POSTGRESQL_H

#include "detect.h"

#define FF_POSTGRESQL_VERSION_3       3      /* the upper half of the code */
#define FF_POSTGRESQL_REQUESTS        0x04D2 /* the same of requests that are no startup … */
#define FF_POSTGRESQL_CANCEL          0x162E /* … and their lower half, */
#define FF_POSTGRESQL_SSL             0x162F
#define FF_POSTGRESQL_GSS             0x1630
#define FF_POSTGRESQL_LONGEST_STARTUP 10000
#define FF_POSTGRESQL_LONGEST_MINOR   9999
#define FF_POSTGRESQL_SYNC            5 /* bytes of the shortest message */

static inline unsigned int ff_postgresql_u16(const unsigned char *bytes)
{
	return (unsigned int)bytes[0] << 8 | bytes[1];
}

static inline unsigned int ff_postgresql_u32(const unsigned char *bytes)
{
	return ff_postgresql_u16(bytes) << 16 | ff_postgresql_u16(bytes + 2);
}

static inline int ff_postgresql_is_startup_code(unsigned int high, unsigned int low)
{
	if (high == FF_POSTGRESQL_VERSION_3)
		return low <= FF_POSTGRESQL_LONGEST_MINOR;
	return high == FF_POSTGRESQL_REQUESTS && low >= FF_POSTGRESQL_CANCEL && low <= FF_POSTGRESQL_GSS;
}

/* The length alone may come first. */
static inline enum ff_detected ff_detect_postgresql_startup(const unsigned char *bytes, unsigned int length)
{
	unsigned int size = ff_postgresql_u16(bytes + 2);

	if (bytes[0] || bytes[1])
		return FF_DETECT_NO;
	if (length >= 4 && (size < 8 || size > FF_POSTGRESQL_LONGEST_STARTUP))
		return FF_DETECT_NO;
	if (length < 8)
		return FF_DETECT_MAYBE;
	return ff_postgresql_is_startup_code(ff_postgresql_u16(bytes + 4), ff_postgresql_u16(bytes + 6)) ? FF_DETECT_REQUEST
	                                                                                                 : FF_DETECT_NO;
}

/* Text, or the zero byte that ends none. */
static inline int ff_postgresql_is_text(unsigned char byte)
{
	return !byte || byte >= ' ' || (byte >= '\t' && byte <= '\r');
}

static inline enum ff_detected ff_detect_postgresql(const unsigned char *bytes, unsigned int length, unsigned int total)
{
	unsigned int size = ff_postgresql_u32(bytes + 1); /* with its type, a message is one longer */

	if (length && !bytes[0])
		return ff_detect_postgresql_startup(bytes, length);
	if (length < 10 || size < 4 || !total || size >= total)
		return FF_DETECT_NO;
	switch (bytes[0]) {
	case 'Q': /* a query is alone in its call */
		return size + 1 == total && ff_postgresql_is_text(bytes[5]) ? FF_DETECT_REQUEST : FF_DETECT_NO;
	case 'P': /* Parse and Bind never are */
	case 'B':
		return size + 1 + FF_POSTGRESQL_SYNC <= total && size >= 8 && ff_postgresql_is_text(bytes[5])
		               ? FF_DETECT_REQUEST
		               : FF_DETECT_NO;
	case '1': /* ParseComplete, BindComplete, and what they are followed by */
	case '2':
		return size == 4 &&
		                       (bytes[5] == '2' || bytes[5] == 'T' || bytes[5] == 'D' || bytes[5] == 'C' ||
		                        bytes[5] == 'n' || bytes[5] == 't' || bytes[5] == 'Z') &&
		                       !bytes[6]
		               ? FF_DETECT_RESPONSE
		               : FF_DETECT_NO;
	}
	return FF_DETECT_NO;
}

#endif
