/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* HTTP/1.0 and 1.1 (RFC 9112): "METHOD SP target" or "HTTP/1." at the start of a message. */
#ifndef FOOTFALL_DETECT_HTTP1_H
#define FOOTFALL_DETECT_HTTP1_H

#include "detect.h"

#define FF_HTTP1_SHORTEST_METHOD 1
#define FF_HTTP1_LONGEST_METHOD  24

/* Methods are any token in the standard; servers and clients use upper case, and so do those that are made up. */
static inline int ff_http1_is_method_byte(unsigned char byte)
{
	return (byte >= 'A' && byte <= 'Z') || byte == '-' || byte == '_';
}

/*
 * origin-form, asterisk-form, absolute-form; authority-form is CONNECT's. Methods of asterisk-form have more than three
 * letters (OPTIONS, M-SEARCH): "PRI *" begins the preface of HTTP/2, of which the rest may not have come yet.
 */
static inline int ff_http1_is_target_byte(unsigned char byte, unsigned int method_length, int is_connect)
{
	if (is_connect)
		return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
		       byte == '[';
	return byte == '/' || (byte == '*' && method_length > 3) || byte == 'h' || byte == 'H';
}

static inline enum ff_detected ff_detect_http1_response(const unsigned char *bytes, unsigned int length)
{
	const char start[7] = {'H', 'T', 'T', 'P', '/', '1', '.'};
	unsigned int i;

	for (i = 0; i < sizeof(start); i++) {
		if (i >= length)
			return FF_DETECT_MAYBE;
		if (bytes[i] != (unsigned char)start[i])
			return FF_DETECT_NO;
	}
	return FF_DETECT_RESPONSE;
}

/* Its second byte tells "http://" from the argument of another protocol's command: "INCR hits". */
static inline enum ff_detected ff_detect_http1_target(const unsigned char *target, unsigned int length,
                                                      unsigned int method_length, int is_connect)
{
	if (!ff_http1_is_target_byte(target[0], method_length, is_connect))
		return FF_DETECT_NO;
	if (is_connect || (target[0] | 0x20) != 'h')
		return FF_DETECT_REQUEST;
	if (length < 2)
		return FF_DETECT_MAYBE;
	return (target[1] | 0x20) == 't' ? FF_DETECT_REQUEST : FF_DETECT_NO;
}

static inline enum ff_detected ff_detect_http1_request(const unsigned char *bytes, unsigned int length)
{
	unsigned int i;

	for (i = 0; i <= FF_HTTP1_LONGEST_METHOD; i++) {
		if (i >= length)
			return FF_DETECT_MAYBE;
		if (bytes[i] != ' ') {
			if (!ff_http1_is_method_byte(bytes[i]))
				return FF_DETECT_NO;
			continue;
		}
		if (i < FF_HTTP1_SHORTEST_METHOD)
			return FF_DETECT_NO;
		if (i + 1 >= length)
			return FF_DETECT_MAYBE;
		return ff_detect_http1_target(bytes + i + 1, length - i - 1, i,
		                              i == 7 && bytes[0] == 'C' && bytes[6] == 'T');
	}
	return FF_DETECT_NO;
}

/* 1 for the bytes of an empty line, 0 for others. */
static inline unsigned int ff_http1_ends_line(unsigned char byte)
{
	unsigned long long neither = (unsigned long long)(byte ^ '\r') * (byte ^ '\n');

	return (neither - 1) >> 63;
}

/*
 * How many bytes of empty lines come first, 4 at most: servers tolerate some (RFC 9112 §2.2). Without branches: a verifier
 * would follow all that comes after once for each answer, which takes it a quarter of a second. Behind the real bytes stand
 * zeros.
 */
static inline unsigned int ff_http1_empty_bytes(const unsigned char *bytes)
{
	unsigned int first = ff_http1_ends_line(bytes[0]);
	unsigned int second = first * ff_http1_ends_line(bytes[1]);
	unsigned int third = second * ff_http1_ends_line(bytes[2]);

	return first + second + third + third * ff_http1_ends_line(bytes[3]);
}

static inline enum ff_detected ff_detect_http1(const unsigned char *bytes, unsigned int length, unsigned int total)
{
	unsigned int empty = ff_http1_empty_bytes(bytes);
	enum ff_detected response, request;

	(void)total;
	if (empty >= length)
		return FF_DETECT_MAYBE;
	__asm__("" : "+r"(empty)); /* or the compiler drops the mask, which it has no use for and older verifiers have */
	empty &= 7;
	bytes += empty;
	length -= empty;
	response = ff_detect_http1_response(bytes, length);

	/* A prefix of "HTTP/1." may still become a method, so only a full match ends the question. */
	if (response == FF_DETECT_RESPONSE)
		return response;
	request = ff_detect_http1_request(bytes, length);
	return request == FF_DETECT_NO ? response : request;
}

#endif
