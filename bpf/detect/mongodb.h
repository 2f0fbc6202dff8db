/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * MongoDB's wire protocol: a header of four little-endian words (length, request, responseTo, operation), then flags.
 * OP_MSG, and the operations before it. Its reader looks at the document behind.
 */
#ifndef FOOTFALL_DETECT_MONGODB_H
#define FOOTFALL_DETECT_MONGODB_H

#include "detect.h"

#define FF_MONGODB_REPLY      1
#define FF_MONGODB_UPDATE     2001
#define FF_MONGODB_COMPRESSED 2012
#define FF_MONGODB_MSG        2013
#define FF_MONGODB_SHORTEST   24
#define FF_MONGODB_LONGEST    (64 << 20)

static inline unsigned int ff_mongodb_word(const unsigned char *bytes, unsigned int offset)
{
	return bytes[offset] | (unsigned int)bytes[offset + 1] << 8 | (unsigned int)bytes[offset + 2] << 16 |
	       (unsigned int)bytes[offset + 3] << 24;
}

static inline int ff_mongodb_is_operation(unsigned int code)
{
	return code == FF_MONGODB_REPLY || code == FF_MONGODB_COMPRESSED || code == FF_MONGODB_MSG ||
	       (code >= FF_MONGODB_UPDATE && code <= 2007 && code != 2003);
}

static inline enum ff_detected ff_detect_mongodb(const unsigned char *bytes, unsigned int length, unsigned int total)
{
	unsigned int size, code, answers, flags;

	(void)total;
	if (length < 4)
		return FF_DETECT_MAYBE;
	size = ff_mongodb_word(bytes, 0);
	if (size < FF_MONGODB_SHORTEST || size > FF_MONGODB_LONGEST)
		return FF_DETECT_NO;
	if (length < 16)
		return FF_DETECT_MAYBE;
	code = ff_mongodb_word(bytes, 12);
	answers = ff_mongodb_word(bytes, 8);
	if (!ff_mongodb_is_operation(code))
		return FF_DETECT_NO;
	/* Behind the real bytes stand zeros, which are no wrong flags: who reads headers alone shows no more. */
	flags = ff_mongodb_word(bytes, 16);
	if (code == FF_MONGODB_REPLY)
		return answers && flags < 16 && size >= 36 ? FF_DETECT_RESPONSE : FF_DETECT_NO;
	if (code == FF_MONGODB_MSG && ((flags & 0xfffc) || bytes[20] > 1))
		return FF_DETECT_NO;
	/* A request answers nothing, of the old ones none can. */
	if (code != FF_MONGODB_MSG && code != FF_MONGODB_COMPRESSED && answers)
		return FF_DETECT_NO;
	return answers ? FF_DETECT_RESPONSE : FF_DETECT_REQUEST;
}

#endif
