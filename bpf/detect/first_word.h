/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The word that a message begins with as one number, so that it is compared with a long list of words at little cost. */
#ifndef FOOTFALL_DETECT_FIRST_WORD_H
#define FOOTFALL_DETECT_FIRST_WORD_H

#include "detect.h"

/* The first eight bytes as a number, later ones lower. */
static inline unsigned long long ff_first_word(const unsigned char *bytes)
{
	return (unsigned long long)bytes[0] << 56 | (unsigned long long)bytes[1] << 48 | (unsigned long long)bytes[2] << 40 |
	       (unsigned long long)bytes[3] << 32 | (unsigned long long)bytes[4] << 24 | (unsigned long long)bytes[5] << 16 |
	       (unsigned long long)bytes[6] << 8 | bytes[7];
}

/* The same of a literal of one to eight bytes. */
#define FF_WORD_OF(text)                 ff_first_word((const unsigned char *)(text "\0\0\0\0\0\0\0"))
#define FF_WORD_BEGINS(word, text, size) ((word) >> (64 - 8 * (size)) == FF_WORD_OF(text) >> (64 - 8 * (size)))

/*
 * One short line of text and nothing else, which a letter begins: a command, for all that is known, where its answer says
 * so. Behind the real bytes stand zeros.
 */
static inline int ff_is_line(const unsigned char *bytes)
{
	unsigned char first = bytes[0] | 0x20;
	unsigned int i;

	if (first < 'a' || first > 'z')
		return 0;
	for (i = 1; i < FF_DETECT_LENGTH - 2; i++) {
		if (bytes[i] < ' ' || bytes[i] > '~')
			break;
	}
	i += bytes[i & (FF_DETECT_LENGTH - 1)] == '\r';
	return bytes[i & (FF_DETECT_LENGTH - 1)] == '\n' && !bytes[(i + 1) & (FF_DETECT_LENGTH - 1)];
}

#endif
