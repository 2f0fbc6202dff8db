/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * WebSocket (RFC 6455) on a connection that is older than footfall: one that began later shows itself by its HTTP request. A
 * call that moved exactly one frame as clients send them, which are masked. What servers send looks like too many others
 * (MQTT's SUBSCRIBE among them); the reader confirms by what follows.
 */
#ifndef FOOTFALL_DETECT_WEBSOCKET_H
#define FOOTFALL_DETECT_WEBSOCKET_H

#include "detect.h"

#define FF_WEBSOCKET_MASKED     0x80
#define FF_WEBSOCKET_COMPRESSED 0x40 /* of the first byte: an extension */
#define FF_WEBSOCKET_SHORTEST   6    /* bytes: a header with its mask */

/* A whole message, or a ping or pong. */
static inline int ff_websocket_is_first_byte(unsigned char byte)
{
	unsigned char message = byte & ~FF_WEBSOCKET_COMPRESSED;

	return message == 0x81 || message == 0x82 || byte == 0x89 || byte == 0x8a;
}

static inline enum ff_detected ff_detect_websocket(const unsigned char *bytes, unsigned int length, unsigned int total)
{
	unsigned int payload = bytes[1] & 0x7f, header = FF_WEBSOCKET_SHORTEST;
	unsigned int shortest = 0;

	if (length < FF_WEBSOCKET_SHORTEST || !(bytes[1] & FF_WEBSOCKET_MASKED) || !ff_websocket_is_first_byte(bytes[0]))
		return FF_DETECT_NO;
	if (payload == 126) {
		header += 2;
		shortest = 126;
		payload = (unsigned int)bytes[2] << 8 | bytes[3];
	} else if (payload == 127) {
		if (bytes[2] | bytes[3] | bytes[4] | bytes[5])
			return FF_DETECT_NO;
		header += 8;
		shortest = 65536;
		payload =
			(unsigned int)bytes[6] << 24 | (unsigned int)bytes[7] << 16 | (unsigned int)bytes[8] << 8 | bytes[9];
	}
	return payload >= shortest && total >= header && total - header == payload ? FF_DETECT_RESPONSE : FF_DETECT_NO;
}

#endif
