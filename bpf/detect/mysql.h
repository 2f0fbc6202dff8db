/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * MySQL and MariaDB: packets with three bytes of length and one of sequence in front. The server speaks first: its greeting,
 * or the error of a server that takes no more. On connections that are met later, a command (sequence 0) or a login (1; 2
 * behind a request for TLS). Servers read the header by itself, so a header alone may be one; its reader confirms all of
 * them.
 */
#ifndef FOOTFALL_DETECT_MYSQL_H
#define FOOTFALL_DETECT_MYSQL_H

#include "detect.h"

#define FF_MYSQL_HEADER         4
#define FF_MYSQL_GREETING       0x0a /* protocol version 10 */
#define FF_MYSQL_ERROR          0xff
#define FF_MYSQL_GREETING_LEAST 40
#define FF_MYSQL_GREETING_MOST  512
#define FF_MYSQL_LOGIN_LEAST    32
#define FF_MYSQL_LOGIN_FILLER   13 /* where 19 zeros stand, the header included */

static inline int ff_mysql_is_text_byte(unsigned char byte)
{
	return byte >= ' ' ? byte != 0x7f : byte == '\t' || byte == '\n' || byte == '\r';
}

/* As statements begin: with a word, a parenthesis, a comment, a semicolon or white space. */
static inline int ff_mysql_begins_text(unsigned char byte)
{
	unsigned char letter = byte | 0x20;

	return (letter >= 'a' && letter <= 'z') || byte == ' ' || (byte >= '\t' && byte <= '\r') || byte == '(' ||
	       byte == '/' || byte == '-' || byte == '#' || byte == ';';
}

/* SQL text from byte `first` on, as far as it is seen. */
static inline enum ff_detected ff_mysql_text(const unsigned char *bytes, unsigned int first, unsigned int end)
{
	unsigned int i;

	if (end <= first)
		return FF_DETECT_MAYBE;
	if (!ff_mysql_begins_text(bytes[first]))
		return FF_DETECT_NO;
	for (i = 6; i < FF_DETECT_LENGTH; i++) {
		if (i >= end)
			break;
		if (i > first && !ff_mysql_is_text_byte(bytes[i]))
			return FF_DETECT_NO;
	}
	return FF_DETECT_REQUEST;
}

/* Of a packet of `size` bytes whose first `end` bytes are seen, headers included. */
static inline enum ff_detected ff_mysql_command(const unsigned char *bytes, unsigned int end, unsigned int size)
{
	switch (bytes[4]) {
	case 0x03: /* QUERY; MySQL 8 puts the number of its attributes in front */
		if (size > 3 && bytes[5] == 0 && bytes[6] == 1)
			return ff_mysql_text(bytes, 7, end);
		return ff_mysql_text(bytes, 5, end);
	case 0x02: /* INIT_DB */
	case 0x16: /* STMT_PREPARE */
		return ff_mysql_text(bytes, 5, end);
	case 0x17: /* STMT_EXECUTE: statement, flags, and 1 in four bytes */
		if (size < 10)
			return FF_DETECT_NO;
		if (end < 14)
			return FF_DETECT_MAYBE;
		return bytes[10] == 1 && !bytes[11] && !bytes[12] && !bytes[13] ? FF_DETECT_REQUEST : FF_DETECT_NO;
	case 0x0e: /* PING */
	case 0x1f: /* RESET_CONNECTION */
		return size == 1 ? FF_DETECT_REQUEST : FF_DETECT_NO;
	case 0x19: /* STMT_CLOSE */
	case 0x1a: /* STMT_RESET */
		return size == 5 ? FF_DETECT_REQUEST : FF_DETECT_NO;
	}
	return FF_DETECT_NO;
}

/* What the server says first; the end of its version is not looked for. */
static inline enum ff_detected ff_mysql_first(const unsigned char *bytes, unsigned int end, unsigned int size)
{
	unsigned int number = bytes[5] | (unsigned int)bytes[6] << 8;

	if (size > FF_MYSQL_GREETING_MOST)
		return FF_DETECT_NO;
	if (bytes[4] == FF_MYSQL_GREETING) {
		if (size < FF_MYSQL_GREETING_LEAST)
			return FF_DETECT_NO;
		if (end < 7)
			return FF_DETECT_MAYBE;
		return bytes[5] >= '0' && bytes[5] <= '9' && ((bytes[6] >= '0' && bytes[6] <= '9') || bytes[6] == '.')
		               ? FF_DETECT_RESPONSE
		               : FF_DETECT_NO;
	}
	if (end < 8)
		return FF_DETECT_MAYBE;
	return number >= 1000 && number < 5000 && ff_mysql_is_text_byte(bytes[7]) ? FF_DETECT_RESPONSE : FF_DETECT_NO;
}

static inline enum ff_detected ff_mysql_login(const unsigned char *bytes, unsigned int end)
{
	unsigned int i;

	for (i = FF_MYSQL_LOGIN_FILLER; i < FF_DETECT_LENGTH; i++) {
		if (i >= end)
			return FF_DETECT_MAYBE;
		if (bytes[i])
			return FF_DETECT_NO;
	}
	return bytes[5] & 0x02 ? FF_DETECT_REQUEST : FF_DETECT_NO; /* CLIENT_PROTOCOL_41 */
}

static inline enum ff_detected ff_detect_mysql(const unsigned char *bytes, unsigned int length, unsigned int total)
{
	unsigned int size = bytes[0] | (unsigned int)bytes[1] << 8 | (unsigned int)bytes[2] << 16;
	unsigned int end;

	if (length < FF_MYSQL_HEADER)
		return FF_DETECT_MAYBE;
	if (!size || bytes[3] > 2)
		return FF_DETECT_NO;
	/* More may have been moved at once, if commands without an answer came first; less, if it is long. */
	if (total > FF_MYSQL_HEADER && total < size + FF_MYSQL_HEADER && length < FF_DETECT_LENGTH)
		return FF_DETECT_NO;
	if (length == FF_MYSQL_HEADER)
		return FF_DETECT_MAYBE;
	end = length < size + FF_MYSQL_HEADER ? length : size + FF_MYSQL_HEADER;
	if (bytes[3])
		return size < FF_MYSQL_LOGIN_LEAST ? FF_DETECT_NO : ff_mysql_login(bytes, end);
	if (bytes[4] == FF_MYSQL_GREETING || bytes[4] == FF_MYSQL_ERROR)
		return ff_mysql_first(bytes, end, size);
	return ff_mysql_command(bytes, end, size);
}

#endif
