/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * memcached (doc/protocol.txt of 1.6; docs.memcached.org/protocols/binary): a lower-case word out of a short list with its
 * end or a space behind it, or the header of a binary request. Words are a weak sign: the reader confirms them by the reply.
 * Of replies only long ones are known, since short ones are captured whole anyway, and what answers an unknown command.
 */
#ifndef FOOTFALL_DETECT_MEMCACHED_H
#define FOOTFALL_DETECT_MEMCACHED_H

#include "first_word.h"

#define FF_MEMCACHED_HEADER      24
#define FF_MEMCACHED_LAST_OPCODE 0x24
#define FF_MEMCACHED_LONG_REPLY  256 /* bytes: what is captured of any message */
#define FF_MEMCACHED_ERROR       7   /* "ERROR\r\n" */

/* Commands with arguments; of those without, the end of the line is looked for. */
#define FF_MEMCACHED_COMMANDS(each)                                                                                       \
	each("get ", 4) each("set ", 4) each("gets ", 5) each("gat ", 4) each("gats ", 5) each("add ", 4) each("cas ", 4) \
		each("replace ", 8) each("append ", 7) each("prepend ", 8) each("delete ", 7) each("incr ", 5)            \
			each("decr ", 5) each("touch ", 6) each("mg ", 3) each("ms ", 3) each("md ", 3) each("ma ", 3)    \
				each("me ", 3) each("mn\r", 3) each("stats\r", 6) each("stats ", 6) each("version\r", 8)  \
					each("flush_al", 8) each("verbosit", 8)

static inline int ff_memcached_is_command(unsigned long long word)
{
#define FF_MEMCACHED_OR_IS(text, length) || FF_WORD_BEGINS(word, text, length)
	return 0 FF_MEMCACHED_COMMANDS(FF_MEMCACHED_OR_IS);
#undef FF_MEMCACHED_OR_IS
}

/* Whether all bytes that there are begin a command: whoever reads a few at a time shows it in pieces. */
static inline int ff_memcached_may_become_command(unsigned long long word, unsigned int length)
{
	unsigned int unseen;

	if (length < 1 || length > 7)
		return 0;
	unseen = 64 - 8 * length;
#define FF_MEMCACHED_OR_MAY_BECOME(text, size) || (length < (size) && word >> unseen == FF_WORD_OF(text) >> unseen)
	return 0 FF_MEMCACHED_COMMANDS(FF_MEMCACHED_OR_MAY_BECOME);
#undef FF_MEMCACHED_OR_MAY_BECOME
}

/* Key and extras fit into the body; a binary request has no data type. */
static inline enum ff_detected ff_detect_memcached_binary(const unsigned char *bytes, unsigned int length)
{
	unsigned int key = (unsigned int)bytes[2] << 8 | bytes[3];
	unsigned int body =
		(unsigned int)bytes[8] << 24 | (unsigned int)bytes[9] << 16 | (unsigned int)bytes[10] << 8 | bytes[11];

	if (length > 1 && bytes[1] > FF_MEMCACHED_LAST_OPCODE)
		return FF_DETECT_NO;
	if (length < FF_MEMCACHED_HEADER)
		return FF_DETECT_MAYBE;
	if (key > 250 || bytes[4] > 20 || bytes[4] & 3 || bytes[5] || key + bytes[4] > body || body >> 30)
		return FF_DETECT_NO;
	return FF_DETECT_REQUEST;
}

static inline enum ff_detected ff_detect_memcached_reply(const unsigned char *bytes, unsigned int total)
{
	unsigned long long word = ff_first_word(bytes);

	if (total == FF_MEMCACHED_ERROR && FF_WORD_BEGINS(word, "ERROR\r\n", FF_MEMCACHED_ERROR))
		return FF_DETECT_RESPONSE;
	if (total <= FF_MEMCACHED_LONG_REPLY)
		return FF_DETECT_NO;
	/* Several replies may come at once, and are wanted whole. */
	return FF_WORD_BEGINS(word, "VALUE ", 6) || FF_WORD_BEGINS(word, "STAT ", 5) ||
	                       FF_WORD_BEGINS(word, "STORED\r", 7) || FF_WORD_BEGINS(word, "VA ", 3) ||
	                       FF_WORD_BEGINS(word, "HD", 2)
	               ? FF_DETECT_REQUEST
	               : FF_DETECT_NO;
}

static inline enum ff_detected ff_detect_memcached(const unsigned char *bytes, unsigned int length, unsigned int total)
{
	if (length < 1)
		return FF_DETECT_MAYBE;
	if (bytes[0] == 0x80)
		return ff_detect_memcached_binary(bytes, length);
	if (ff_memcached_is_command(ff_first_word(bytes)))
		return FF_DETECT_REQUEST;
	if (ff_memcached_may_become_command(ff_first_word(bytes), length))
		return FF_DETECT_MAYBE;
	return ff_detect_memcached_reply(bytes, total);
}

#endif
