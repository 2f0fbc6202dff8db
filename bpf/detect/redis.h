/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * RESP (redis.io, "Redis serialization protocol specification"). A request is an array of bulk strings, which says so in its
 * first two lines, "*2\r\n$3\r\n", or one of a few commands as a line. A reply is only known by its first line where it is
 * long: short ones are captured whole anyway, and POP3 greets with "+OK" as well.
 */
#ifndef FOOTFALL_DETECT_REDIS_H
#define FOOTFALL_DETECT_REDIS_H

#include "detect.h"

#define FF_REDIS_MOST_DIGITS   10
#define FF_REDIS_SHORTEST_LINE 6   /* "PING\r\n" */
#define FF_REDIS_LONG_REPLY    256 /* bytes: what is captured of any message */
#define FF_REDIS_LONG_STRING   5   /* digits of its length: of shorter ones, several may come at once */

/* How many digits stand at bytes[at]; they fit in front of the end of what a detector sees. */
static inline unsigned int ff_redis_digits(const unsigned char *bytes, unsigned int at)
{
	unsigned int i;

	for (i = 0; i < FF_REDIS_MOST_DIGITS; i++) {
		unsigned char byte = bytes[(at + i) & (FF_DETECT_LENGTH - 1)];

		if (byte < '0' || byte > '9')
			break;
	}
	return i;
}

/* A number without zeros in front, and the end of its line. Returns where the next line begins, 0 if this is none. */
static inline unsigned int ff_redis_number_line(const unsigned char *bytes, unsigned int at)
{
	unsigned int digits = ff_redis_digits(bytes, at), end = at + digits;

	if (!digits || (digits > 1 && bytes[at & (FF_DETECT_LENGTH - 1)] == '0'))
		return 0;
	if (bytes[end & (FF_DETECT_LENGTH - 1)] != '\r' || bytes[(end + 1) & (FF_DETECT_LENGTH - 1)] != '\n')
		return 0;
	return end + 2;
}

/* Whether all bytes that there are may be the beginning of "*2\r\n$3\r\n". */
static inline int ff_redis_may_become_array(const unsigned char *bytes, unsigned int length)
{
	unsigned int digits = ff_redis_digits(bytes, 1), i = 1 + digits;

	if (length <= i)
		return 1;
	if (!digits || bytes[i & 31] != '\r')
		return 0;
	if (length > i + 1 && bytes[(i + 1) & 31] != '\n')
		return 0;
	if (length > i + 2 && bytes[(i + 2) & 31] != '$')
		return 0;
	return length <= i + 3 + ff_redis_digits(bytes, i + 3) + 1;
}

static inline enum ff_detected ff_detect_redis_array(const unsigned char *bytes, unsigned int length)
{
	unsigned int second = ff_redis_number_line(bytes, 1), third;

	if (second && bytes[1] != '0' && bytes[second & 31] == '$') {
		third = ff_redis_number_line(bytes, second + 1);
		if (third && third <= length)
			return FF_DETECT_REQUEST;
	}
	return ff_redis_may_become_array(bytes, length) ? FF_DETECT_MAYBE : FF_DETECT_NO;
}

static inline int ff_redis_is_word(const unsigned char *bytes, char a, char b, char c, char d, unsigned char fold)
{
	return (bytes[0] & fold) == (unsigned char)a && (bytes[1] & fold) == (unsigned char)b &&
	       (bytes[2] & fold) == (unsigned char)c && (bytes[3] & (d == ' ' ? 0xff : fold)) == (unsigned char)d;
}

/* A command as a line: those of health checks in any case, some others as people write them. */
static inline int ff_redis_is_inline(const unsigned char *bytes, unsigned int length)
{
	if (length < FF_REDIS_SHORTEST_LINE)
		return 0;
	if (ff_redis_is_word(bytes, 'P', 'I', 'N', 'G', 0xdf) || ff_redis_is_word(bytes, 'I', 'N', 'F', 'O', 0xdf))
		return bytes[4] == '\r' || bytes[4] == '\n' || bytes[4] == ' ';
	return ff_redis_is_word(bytes, 'S', 'E', 'T', ' ', 0xff) || ff_redis_is_word(bytes, 'G', 'E', 'T', ' ', 0xff) ||
	       (ff_redis_is_word(bytes, 'I', 'N', 'C', 'R', 0xff) && bytes[4] == ' ') ||
	       (ff_redis_is_word(bytes, 'E', 'C', 'H', 'O', 0xff) && bytes[4] == ' ') ||
	       (ff_redis_is_word(bytes, 'A', 'U', 'T', 'H', 0xff) && bytes[4] == ' ');
}

/* Whoever reads byte by byte shows the first letter long before the rest. */
static inline int ff_redis_may_become_inline(const unsigned char *bytes, unsigned int length)
{
	unsigned char first = bytes[0] & 0xdf;

	return length < FF_REDIS_SHORTEST_LINE &&
	       (first == 'P' || first == 'I' || first == 'S' || first == 'G' || first == 'E' || first == 'A');
}

/* Several replies to pipelined requests in one go are wanted as a whole, as requests are. */
static inline enum ff_detected ff_detect_redis_reply(const unsigned char *bytes, unsigned int total)
{
	unsigned int next;

	if (total <= FF_REDIS_LONG_REPLY)
		return FF_DETECT_NO;
	switch (bytes[0]) {
	case '$':
		next = ff_redis_number_line(bytes, 1);
		if (!next && bytes[1] == '-' && bytes[2] == '1' && bytes[3] == '\r')
			return FF_DETECT_REQUEST;
		return !next ? FF_DETECT_NO : next - 3 >= FF_REDIS_LONG_STRING ? FF_DETECT_RESPONSE : FF_DETECT_REQUEST;
	case ':':
	case '*':
	case '%':
	case '~':
	case '>':
		return ff_redis_number_line(bytes, 1) ? FF_DETECT_REQUEST : FF_DETECT_NO;
	case '+':
		return bytes[1] == 'O' && bytes[2] == 'K' && bytes[3] == '\r' && bytes[4] == '\n' ? FF_DETECT_REQUEST
		                                                                                  : FF_DETECT_NO;
	case '_':
		return bytes[1] == '\r' && bytes[2] == '\n' ? FF_DETECT_REQUEST : FF_DETECT_NO;
	}
	return FF_DETECT_NO;
}

/*
 * Whether a message that begins in the middle of something goes on with small values: the end of a line, and the line of an
 * array's or a string's length behind it. (Without "\r\n$" or "\r\n*" in sight it may be a long value.)
 */
static inline int ff_redis_goes_on(const unsigned char *bytes)
{
	unsigned int i;

	for (i = 0; i < FF_DETECT_LENGTH - 4; i++) {
		if (bytes[i] == '\r' && bytes[i + 1] == '\n' && (bytes[i + 2] == '$' || bytes[i + 2] == '*') &&
		    bytes[i + 3] >= '0' && bytes[i + 3] <= '9')
			return 1;
	}
	return 0;
}

static inline enum ff_detected ff_detect_redis(const unsigned char *bytes, unsigned int length, unsigned int total)
{
	enum ff_detected array;

	if (length < 1)
		return FF_DETECT_MAYBE;
	if (bytes[0] == '*') {
		array = ff_detect_redis_array(bytes, length);
		if (array != FF_DETECT_NO)
			return array;
	}
	if (ff_redis_is_inline(bytes, length))
		return FF_DETECT_REQUEST;
	if (ff_redis_may_become_inline(bytes, length))
		return FF_DETECT_MAYBE;
	if (total > FF_REDIS_LONG_REPLY && ff_redis_goes_on(bytes))
		return FF_DETECT_REQUEST;
	return ff_detect_redis_reply(bytes, total);
}

#endif
