/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * HTTP/2 without TLS (RFC 9113): the client's preface (§3.4), which reads like an HTTP/1 request of method PRI, or frames
 * (§4.1 and §6). A server may speak first, with SETTINGS. In the midst of a connection those frames tell it that say most
 * about themselves: their length, flags and stream are as they have to be, and fit what the call moved.
 */
#ifndef FOOTFALL_DETECT_HTTP2_H
#define FOOTFALL_DETECT_HTTP2_H

#include "detect.h"

#define FF_HTTP2_HEADER        9
#define FF_HTTP2_HEADERS       1
#define FF_HTTP2_RST_STREAM    3
#define FF_HTTP2_SETTINGS      4
#define FF_HTTP2_PING          6
#define FF_HTTP2_WINDOW_UPDATE 8
#define FF_HTTP2_LAST_TYPE     9
#define FF_HTTP2_ACK           0x01
#define FF_HTTP2_END_HEADERS   0x04
#define FF_HTTP2_HEADERS_FLAGS 0x2d  /* END_STREAM, END_HEADERS, PADDED, PRIORITY */
#define FF_HTTP2_LONGEST       16384 /* until SETTINGS allow more */
#define FF_HTTP2_LAST_ERROR    13
#define FF_HTTP2_MOST_SETTINGS 60

static inline unsigned int ff_http2_length(const unsigned char *bytes)
{
	return (unsigned int)bytes[0] << 16 | (unsigned int)bytes[1] << 8 | bytes[2];
}

static inline int ff_http2_is_stream_zero(const unsigned char *bytes)
{
	return !(bytes[5] | bytes[6] | bytes[7] | bytes[8]);
}

static inline int ff_http2_is_client_stream(const unsigned char *bytes)
{
	return bytes[5] < 0x80 && (bytes[8] & 1);
}

/* Nothing follows the first `size` bytes, or what may be a frame does. */
static inline int ff_http2_goes_on(const unsigned char *bytes, unsigned int total, unsigned int size)
{
	if (total == size)
		return 1;
	return total >= size + FF_HTTP2_HEADER && ff_http2_length(bytes + size) <= FF_HTTP2_LONGEST &&
	       bytes[size + 3] <= FF_HTTP2_LAST_TYPE && bytes[size + 5] < 0x80;
}

static inline int ff_http2_is_settings(const unsigned char *bytes, unsigned int total)
{
	unsigned int length = ff_http2_length(bytes);

	if (!ff_http2_is_stream_zero(bytes))
		return 0;
	if (bytes[4] == FF_HTTP2_ACK)
		return length == 0 && ff_http2_goes_on(bytes, total, FF_HTTP2_HEADER);
	return bytes[4] == 0 && length <= FF_HTTP2_MOST_SETTINGS && length % 6 == 0 &&
	       (total == 0 || total == FF_HTTP2_HEADER || total >= FF_HTTP2_HEADER + length);
}

static inline int ff_http2_is_headers(const unsigned char *bytes, unsigned int total)
{
	unsigned int length = ff_http2_length(bytes);

	return length > 0 && length <= FF_HTTP2_LONGEST && !(bytes[4] & ~FF_HTTP2_HEADERS_FLAGS) &&
	       (bytes[4] & FF_HTTP2_END_HEADERS) && ff_http2_is_client_stream(bytes) && total >= FF_HTTP2_HEADER + length;
}

/* The smaller frames that connections are full of. */
static inline int ff_http2_is_control(const unsigned char *bytes, unsigned int total)
{
	switch (bytes[3]) {
	case FF_HTTP2_RST_STREAM:
		return ff_http2_length(bytes) == 4 && bytes[4] == 0 && ff_http2_is_client_stream(bytes) &&
		       !(bytes[9] | bytes[10] | bytes[11]) && bytes[12] <= FF_HTTP2_LAST_ERROR &&
		       ff_http2_goes_on(bytes, total, 13);
	case FF_HTTP2_PING:
		return ff_http2_length(bytes) == 8 && bytes[4] <= FF_HTTP2_ACK && ff_http2_is_stream_zero(bytes) &&
		       ff_http2_goes_on(bytes, total, 17);
	case FF_HTTP2_WINDOW_UPDATE:
		return ff_http2_length(bytes) == 4 && bytes[4] == 0 && bytes[5] < 0x80 && bytes[9] < 0x80 &&
		       (bytes[9] | bytes[10] | bytes[11] | bytes[12]) && ff_http2_goes_on(bytes, total, 13);
	}
	return 0;
}

static inline enum ff_detected ff_detect_http2_frame(const unsigned char *bytes, unsigned int length, unsigned int total)
{
	if (bytes[0] || bytes[1] > FF_HTTP2_LONGEST >> 8 || (length > 3 && bytes[3] > FF_HTTP2_LAST_TYPE))
		return FF_DETECT_NO;
	if (length < FF_HTTP2_HEADER)
		return FF_DETECT_MAYBE;
	if (bytes[3] == FF_HTTP2_HEADERS)
		return ff_http2_is_headers(bytes, total) ? FF_DETECT_REQUEST : FF_DETECT_NO;
	if (bytes[3] == FF_HTTP2_SETTINGS)
		return ff_http2_is_settings(bytes, total) ? FF_DETECT_RESPONSE : FF_DETECT_NO;
	return ff_http2_is_control(bytes, total) ? FF_DETECT_RESPONSE : FF_DETECT_NO;
}

static inline enum ff_detected ff_detect_http2(const unsigned char *bytes, unsigned int length, unsigned int total)
{
	const char preface[12] = {'P', 'R', 'I', ' ', '*', ' ', 'H', 'T', 'T', 'P', '/', '2'};
	unsigned int i;

	if (length == 0)
		return FF_DETECT_MAYBE;
	if (bytes[0] != 'P')
		return ff_detect_http2_frame(bytes, length, total);
	for (i = 0; i < sizeof(preface); i++) {
		if (i >= length)
			return FF_DETECT_MAYBE;
		if (bytes[i] != (unsigned char)preface[i])
			return FF_DETECT_NO;
	}
	return FF_DETECT_REQUEST;
}

#endif
