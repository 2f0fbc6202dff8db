/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * RESP (redis.io, "Redis serialization protocol specification"). A request is an array of bulk strings, which says so in its
 * first two lines, "*2\r\n$3\r\n", or a command as a line. A reply is only known by its first line where it is long (short
 * ones are captured whole anyway, and POP3 greets with "+OK" as well), and where it answers an unknown command.
 */
#ifndef FOOTFALL_DETECT_REDIS_H
#define FOOTFALL_DETECT_REDIS_H

#include "first_word.h"

#define FF_REDIS_MOST_DIGITS   10
#define FF_REDIS_LETTERS_MOST  8   /* of a command are looked at */
#define FF_REDIS_COMMANDS_MOST 256 /* a power of two */
#define FF_REDIS_LONG_REPLY    256 /* bytes: what is captured of any message */
#define FF_REDIS_LONG_STRING   5   /* digits of its length: of shorter ones, several may come at once */

/*
 * Loops here are for verifiers: without branches inside, since they look at all that comes after once for each way through,
 * and not unrolled, or what is read early goes to the stack, of which all frames of a call chain share 512 bytes.
 */
#define FF_KEEP_LOOP(counter) __asm__("" : "+r"(counter))

/* 1 or 0, without a branch. */
static inline unsigned int ff_redis_is_in(unsigned int byte, unsigned int least, unsigned int most)
{
	return 1 ^ ((byte - least) | (most - byte)) >> 31;
}

static inline unsigned int ff_redis_is(unsigned int byte, unsigned int expected)
{
	return ff_redis_is_in(byte, expected, expected);
}

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

/*
 * Commands as lines, in their order and by as many letters as are looked at: those of agent/protocols/redis/commands.def but
 * QUIT, which many protocols have, and DEBUG, with which lines of logs begin.
 */
/* clang-format off */
static const char ff_redis_commands[FF_REDIS_COMMANDS_MOST][FF_REDIS_LETTERS_MOST + 1] = {
	"ACL", "APPEND", "ASKING", "AUTH", "BGREWRIT", "BGSAVE", "BITCOUNT", "BITFIELD", "BITOP", "BITPOS", "BLMOVE",
	"BLMPOP", "BLPOP", "BRPOP", "BRPOPLPU", "BZMPOP", "BZPOPMAX", "BZPOPMIN", "CLIENT", "CLUSTER", "COMMAND", "CONFIG",
	"COPY", "DBSIZE", "DECR", "DECRBY", "DEL", "DISCARD", "DUMP", "ECHO", "EVAL", "EVALSHA", "EXEC", "EXISTS",
	"EXPIRE", "EXPIREAT", "EXPIRETI", "FAILOVER", "FCALL", "FLUSHALL", "FLUSHDB", "FUNCTION", "GEOADD", "GEODIST",
	"GEOHASH", "GEOPOS", "GEORADIU", "GEOSEARC", "GET", "GETBIT", "GETDEL", "GETEX", "GETRANGE", "GETSET", "HDEL",
	"HELLO", "HEXISTS", "HEXPIRE", "HEXPIREA", "HEXPIRET", "HGET", "HGETALL", "HINCRBY", "HINCRBYF", "HKEYS", "HLEN",
	"HMGET", "HMSET", "HPERSIST", "HPEXPIRE", "HPTTL", "HRANDFIE", "HSCAN", "HSET", "HSETNX", "HSTRLEN", "HTTL",
	"HVALS", "INCR", "INCRBY", "INCRBYFL", "INFO", "KEYS", "LASTSAVE", "LATENCY", "LCS", "LINDEX", "LINSERT", "LLEN",
	"LMOVE", "LMPOP", "LOLWUT", "LPOP", "LPOS", "LPUSH", "LPUSHX", "LRANGE", "LREM", "LSET", "LTRIM", "MEMORY", "MGET",
	"MIGRATE", "MODULE", "MONITOR", "MOVE", "MSET", "MSETNX", "MULTI", "OBJECT", "PERSIST", "PEXPIRE", "PEXPIREA",
	"PEXPIRET", "PFADD", "PFCOUNT", "PFDEBUG", "PFMERGE", "PFSELFTE", "PING", "PSETEX", "PSUBSCRI", "PSYNC", "PTTL",
	"PUBLISH", "PUBSUB", "PUNSUBSC", "RANDOMKE", "READONLY", "READWRIT", "RENAME", "RENAMENX", "REPLCONF", "REPLICAO",
	"RESET", "RESTORE", "ROLE", "RPOP", "RPOPLPUS", "RPUSH", "RPUSHX", "SADD", "SAVE", "SCAN", "SCARD", "SCRIPT",
	"SDIFF", "SDIFFSTO", "SELECT", "SENTINEL", "SET", "SETBIT", "SETEX", "SETNX", "SETRANGE", "SHUTDOWN", "SINTER",
	"SINTERCA", "SINTERST", "SISMEMBE", "SLAVEOF", "SLOWLOG", "SMEMBERS", "SMISMEMB", "SMOVE", "SORT", "SPOP",
	"SPUBLISH", "SRANDMEM", "SREM", "SSCAN", "SSUBSCRI", "STRLEN", "SUBSCRIB", "SUBSTR", "SUNION", "SUNIONST",
	"SUNSUBSC", "SWAPDB", "SYNC", "TIME", "TOUCH", "TTL", "TYPE", "UNLINK", "UNSUBSCR", "UNWATCH", "WAIT", "WAITAOF",
	"WATCH", "XACK", "XADD", "XAUTOCLA", "XCLAIM", "XDEL", "XGROUP", "XINFO", "XLEN", "XPENDING", "XRANGE", "XREAD",
	"XREADGRO", "XREVRANG", "XSETID", "XTRIM", "ZADD", "ZCARD", "ZCOUNT", "ZDIFF", "ZDIFFSTO", "ZINCRBY", "ZINTER",
	"ZINTERCA", "ZINTERST", "ZLEXCOUN", "ZMPOP", "ZMSCORE", "ZPOPMAX", "ZPOPMIN", "ZRANDMEM", "ZRANGE", "ZRANGEBY",
	"ZRANGEST", "ZRANK", "ZREM", "ZREMRANG", "ZREVRANG", "ZREVRANK", "ZSCAN", "ZSCORE", "ZUNION", "ZUNIONST"
};
/* clang-format on */

/*
 * How many letters come first, FF_REDIS_LETTERS_MOST at most, and those in upper case as one number.
 */
static inline unsigned int ff_redis_letters(const unsigned char *bytes, unsigned long long *word)
{
	unsigned int i, in_word = 1, count = 0;

	*word = 0;
	for (i = 0; i < FF_REDIS_LETTERS_MOST; i++) {
		unsigned int upper;

		FF_KEEP_LOOP(i);
		upper = bytes[i] & 0xdf;
		in_word &= ff_redis_is_in(upper, 'A', 'Z');
		count += in_word;
		*word = *word << 8 | upper * in_word;
	}
	return count;
}

/* A binary search. No word begins with a byte of more than seven bits, so differences have a sign. */
static inline int ff_redis_is_command(unsigned long long word)
{
	unsigned int at = 0, step;

	for (step = FF_REDIS_COMMANDS_MOST / 2; step; step >>= 1) {
		unsigned long long other, is_not_behind;

		FF_KEEP_LOOP(step);
		other = ff_first_word((const unsigned char *)ff_redis_commands[(at + step) & (FF_REDIS_COMMANDS_MOST - 1)]);
		is_not_behind = other >> 62 & ~(word - other) >> 63; /* bit 62 is that of a letter: there is one */
		at += step * (unsigned int)is_not_behind;
	}
	return ff_first_word((const unsigned char *)ff_redis_commands[at & (FF_REDIS_COMMANDS_MOST - 1)]) == word;
}

/*
 * A line that begins with a command, in any case: FF_DETECT_MAYBE while it may become one, since some read byte by byte.
 * What memcached has as well is its own, unless its reader found that it is not.
 */
static inline enum ff_detected ff_detect_redis_inline(const unsigned char *bytes, unsigned int length)
{
	unsigned long long word;
	unsigned int letters = ff_redis_letters(bytes, &word);
	unsigned char next = bytes[letters & (FF_DETECT_LENGTH - 1)];

	if (letters == length)
		return FF_DETECT_MAYBE;
	if (next != ' ' && next != '\r' && next != '\n' && next != '_' &&
	    !(letters == FF_REDIS_LETTERS_MOST && ff_redis_is_in(next & 0xdf, 'A', 'Z')))
		return FF_DETECT_NO;
	if (!ff_redis_is_command(word))
		return FF_DETECT_NO;
	/* Two letters of an argument tell that it is none of HTTP's: "GET http://". */
	return next == ' ' && length < letters + 3 ? FF_DETECT_MAYBE : FF_DETECT_REQUEST;
}

/* Several replies to pipelined requests in one go are wanted as a whole, as requests are. */
static inline enum ff_detected ff_detect_redis_reply(const unsigned char *bytes, unsigned int total)
{
	unsigned int next;

	if (FF_WORD_BEGINS(ff_first_word(bytes), "-ERR unk", 8))
		return FF_DETECT_RESPONSE;
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
static inline unsigned int ff_redis_goes_on(const unsigned char *bytes)
{
	unsigned int i, found = 0;

	for (i = 0; i < FF_DETECT_LENGTH - 4; i++) {
		const unsigned char *end;
		unsigned int is_end, is_type;

		FF_KEEP_LOOP(i);
		end = bytes + i;
		is_end = ff_redis_is(end[0], '\r') & ff_redis_is(end[1], '\n');
		is_type = ff_redis_is(end[2], '$') | ff_redis_is(end[2], '*');
		found |= is_end & is_type & ff_redis_is_in(end[3], '0', '9');
	}
	return found;
}

static inline enum ff_detected ff_detect_redis(const unsigned char *bytes, unsigned int length, unsigned int total)
{
	enum ff_detected array, line;

	if (length < 1)
		return FF_DETECT_MAYBE;
	if (bytes[0] == '*') {
		array = ff_detect_redis_array(bytes, length);
		if (array != FF_DETECT_NO)
			return array;
	}
	line = ff_detect_redis_inline(bytes, length);
	if (line != FF_DETECT_NO)
		return line;
	if (total > FF_REDIS_LONG_REPLY && ff_redis_goes_on(bytes))
		return FF_DETECT_REQUEST;
	return ff_detect_redis_reply(bytes, total);
}

#endif
