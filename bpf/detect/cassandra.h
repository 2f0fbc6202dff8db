/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Cassandra's native protocol (CQL), versions 3 to 5: a header of 9 bytes (version, flags, stream, operation, length), and
 * what the body of each operation begins with. Later in version 5 frames come in segments, whose header ends with a
 * checksum: only connections that were open before footfall came begin so.
 */
#ifndef FOOTFALL_DETECT_CASSANDRA_H
#define FOOTFALL_DETECT_CASSANDRA_H

#include "detect.h"

#define FF_CASSANDRA_HEADER  9
#define FF_CASSANDRA_LONGEST (256 << 20)

enum ff_cassandra_operation {
	FF_CASSANDRA_ERROR = 0,
	FF_CASSANDRA_STARTUP = 1,
	FF_CASSANDRA_READY = 2,
	FF_CASSANDRA_AUTHENTICATE = 3,
	FF_CASSANDRA_OPTIONS = 5,
	FF_CASSANDRA_SUPPORTED = 6,
	FF_CASSANDRA_QUERY = 7,
	FF_CASSANDRA_RESULT = 8,
	FF_CASSANDRA_PREPARE = 9,
	FF_CASSANDRA_EXECUTE = 10,
	FF_CASSANDRA_REGISTER = 11,
	FF_CASSANDRA_EVENT = 12,
	FF_CASSANDRA_BATCH = 13,
	FF_CASSANDRA_AUTH_RESPONSE = 15,
};

static inline unsigned int ff_cassandra_word(const unsigned char *bytes, unsigned int offset)
{
	return (unsigned int)bytes[offset] << 24 | (unsigned int)bytes[offset + 1] << 16 |
	       (unsigned int)bytes[offset + 2] << 8 | bytes[offset + 3];
}

/* Behind the real bytes of the body stand zeros: what they say is always small enough. */
static inline int ff_cassandra_is_request(const unsigned char *bytes, unsigned int operation, unsigned int size)
{
	const unsigned char *body = bytes + FF_CASSANDRA_HEADER;
	unsigned int word = ff_cassandra_word(body, 0), half = word >> 16;

	switch (operation) {
	case FF_CASSANDRA_OPTIONS:
		return size == 0;
	case FF_CASSANDRA_STARTUP: /* a map of options, whose names are in upper case: only the first length is looked at */
		return size > 4 && half <= 64 && body[2] == 0 && body[3] <= 64;
	case FF_CASSANDRA_QUERY:
		return size > 6 && word < size;
	case FF_CASSANDRA_PREPARE:
		return size > 4 && word < size;
	case FF_CASSANDRA_EXECUTE:
		return size > 6 && half <= 64;
	case FF_CASSANDRA_BATCH:
		return size > 5 && body[0] <= 2;
	case FF_CASSANDRA_REGISTER:
		return size > 4 && half <= 16;
	case FF_CASSANDRA_AUTH_RESPONSE:
		return size >= 4 && (word == 0 || word == 0xffffffff || word == size - 4);
	}
	return 0;
}

static inline int ff_cassandra_is_response(const unsigned char *bytes, unsigned int operation, unsigned int size)
{
	unsigned int word = ff_cassandra_word(bytes, FF_CASSANDRA_HEADER);
	/* Flags put something in front: a trace's id, warnings, a payload. */
	int plain = !(bytes[1] & 0x0e);

	switch (operation) {
	case FF_CASSANDRA_ERROR:
		return size > 5 && (!plain || word <= 0xffff);
	case FF_CASSANDRA_READY:
		return size == 0 || !plain;
	case FF_CASSANDRA_AUTHENTICATE:
	case FF_CASSANDRA_SUPPORTED:
		return size > 2 && (!plain || word >> 16 < size);
	case FF_CASSANDRA_RESULT:
		return size >= 4 && (!plain || word <= 5);
	case FF_CASSANDRA_EVENT:
		return size > 2 && bytes[2] == 0xff && bytes[3] == 0xff;
	case 14: /* challenge */
	case 16: /* success */
		return size >= 4;
	}
	return 0;
}

static inline enum ff_detected ff_cassandra_frame(const unsigned char *bytes)
{
	unsigned int version = bytes[0] & 0x7f, size = ff_cassandra_word(bytes, 5);
	int response = bytes[0] >> 7;

	if (version < 3 || version > 5 || bytes[1] > 0x1f || size > FF_CASSANDRA_LONGEST)
		return FF_DETECT_NO;
	if (response)
		return ff_cassandra_is_response(bytes, bytes[4], size) ? FF_DETECT_RESPONSE : FF_DETECT_NO;
	if (bytes[2] & 0x80)
		return FF_DETECT_NO;
	/* Of what is compressed, only the header can be looked at; its reader waits for more of it. */
	if (bytes[1] & 0x01)
		return bytes[4] == FF_CASSANDRA_QUERY || bytes[4] == FF_CASSANDRA_EXECUTE ? FF_DETECT_REQUEST : FF_DETECT_NO;
	return ff_cassandra_is_request(bytes, bytes[4], size) ? FF_DETECT_REQUEST : FF_DETECT_NO;
}

/* The checksum of a segment's header without branches, which a verifier would have to follow one by one. */
static inline unsigned int ff_cassandra_checksum(const unsigned char *bytes, unsigned int length)
{
	unsigned int sum = 0x875060, i, bit;

	for (i = 0; i < length; i++) {
		sum ^= (unsigned int)bytes[i] << 16;
		for (bit = 0; bit < 8; bit++) {
			sum <<= 1;
			sum ^= 0x1974F0B * (sum >> 24 & 1);
		}
	}
	return sum;
}

static inline int ff_cassandra_is_segment(const unsigned char *bytes, unsigned int length)
{
	unsigned int told = bytes[length] | (unsigned int)bytes[length + 1] << 8 | (unsigned int)bytes[length + 2] << 16;

	return told == ff_cassandra_checksum(bytes, length);
}

static inline enum ff_detected ff_detect_cassandra(const unsigned char *bytes, unsigned int length, unsigned int total)
{
	unsigned int version = bytes[0] & 0x7f;

	(void)total;
	if (length >= 6 && ff_cassandra_is_segment(bytes, 3))
		return length > 6 && bytes[6] & 0x80 ? FF_DETECT_RESPONSE : FF_DETECT_REQUEST;
	if (length >= 8 && ff_cassandra_is_segment(bytes, 5))
		return FF_DETECT_REQUEST;
	if (length >= FF_CASSANDRA_HEADER)
		return ff_cassandra_frame(bytes);
	if (length == 0)
		return FF_DETECT_MAYBE;
	return version >= 3 && version <= 5 && bytes[1] <= 0x1f ? FF_DETECT_MAYBE : FF_DETECT_NO;
}

#endif
