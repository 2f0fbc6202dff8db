// The kernel side's detectors, compiled natively: the same code that the probes run.
#include <gtest/gtest.h>

#include <cstring>
#include <string_view>

#include "bpf/detect/http1.h"
#include "bpf/detect/http2.h"
#include "bpf/detect/mongodb.h"
#include "bpf/detect/redis.h"
#include "bpf/detect/tls.h"

namespace {

using namespace std::string_view_literals;

using Detector = ff_detected (*)(const unsigned char*, unsigned int, unsigned int);

// As the probe calls it: a buffer of FF_DETECT_LENGTH bytes, padded with zeros.
ff_detected ask(Detector detector, std::string_view text) {
    unsigned char front[FF_DETECT_LENGTH] = {};
    const std::size_t length = std::min<std::size_t>(text.size(), FF_DETECT_LENGTH);
    std::memcpy(front, text.data(), length);
    return detector(front, static_cast<unsigned int>(length), static_cast<unsigned int>(text.size()));
}

ff_detected http1(std::string_view text) { return ask(ff_detect_http1, text); }

TEST(DetectHttp1, RequestsOfAnyMethodInUpperCaseAreRequests) {
    for (const auto* line : {"GET / HTTP/1.1\r\n", "POST /x", "DELETE /a", "PROPFIND /dav/", "M-SEARCH * HTTP/1.1",
                             "OPTIONS * HTTP/1.1", "GET http://a/b HTTP/1.1", "G /short HTTP/1.1",
                             "CONNECT db.internal:443 HTTP/1.1", "CONNECT [::1]:443 HTTP/1.1"}) {
        EXPECT_EQ(http1(line), FF_DETECT_REQUEST) << line;
    }
}

TEST(DetectHttp1, EmptyLinesBeforeARequestAreSkipped) {
    EXPECT_EQ(http1("\r\nGET / HTTP/1.1"), FF_DETECT_REQUEST);
    EXPECT_EQ(http1("\n\nPOST / HTTP/1.1"), FF_DETECT_REQUEST);
    EXPECT_EQ(http1("\r\n"), FF_DETECT_MAYBE);
}

TEST(DetectHttp1, ResponsesOfVersion1AreResponses) {
    EXPECT_EQ(http1("HTTP/1.1 200 OK\r\n"), FF_DETECT_RESPONSE);
    EXPECT_EQ(http1("HTTP/1.0 404 Not Found"), FF_DETECT_RESPONSE);
    EXPECT_EQ(http1("HTTP/2 200"), FF_DETECT_NO);
}

TEST(DetectHttp1, EveryPrefixOfARequestOrResponseIsMaybeUntilItIsLongEnough) {
    for (const std::string_view text : {"DELETE /orders/1 HTTP/1.1"sv, "HTTP/1.1 200 OK"sv, "CONNECT a:1 HTTP/1.1"sv}) {
        const ff_detected whole = http1(text);
        bool decided = false;
        for (std::size_t length = 1; length <= text.size(); ++length) {
            const ff_detected part = http1(text.substr(0, length));
            if (part == whole) decided = true;
            EXPECT_EQ(part, decided ? whole : FF_DETECT_MAYBE) << text.substr(0, length);
        }
        EXPECT_TRUE(decided);
    }
}

TEST(DetectHttp1, OtherProtocolsAreNot) {
    for (const auto text : {"get / HTTP/1.1"sv, "220 mail.example ESMTP"sv, "SSH-2.0-OpenSSH_9.2"sv,
                            "*1\r\n$4\r\nPING\r\n"sv, "GET key\r\n"sv, "set a 0 0 1\r\n"sv, " /"sv, " GET /"sv,
                            "\r\n\r\n\r\nGET /"sv, "ABCDEFGHIJKLMNOPQRSTUVWXYZ /"sv, "\0\0\0\x08\x04\xd2\x16\x2f"sv}) {
        EXPECT_EQ(http1(text), FF_DETECT_NO) << text;
    }
}

TEST(DetectHttp2, ThePrefaceIsARequestAndItsPrefixesMaybe) {
    EXPECT_EQ(ask(ff_detect_http2, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), FF_DETECT_REQUEST);
    EXPECT_EQ(ask(ff_detect_http2, "PRI * H"), FF_DETECT_MAYBE);
    EXPECT_EQ(ask(ff_detect_http2, "PRINT /"), FF_DETECT_NO);
}

TEST(DetectHttp2, AServerMaySpeakFirst) {
    EXPECT_EQ(ask(ff_detect_http2, "\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64"sv), FF_DETECT_RESPONSE);
    EXPECT_EQ(ask(ff_detect_http2, "\0\0\x0c\x04\0\0\0\0\0"sv), FF_DETECT_RESPONSE);  // read by itself
    EXPECT_EQ(ask(ff_detect_http2, "\0\0\x0c\x04\0"sv), FF_DETECT_MAYBE);
    EXPECT_EQ(ask(ff_detect_http2, "\0\0\x0d\x04\0\0\0\0\0"sv), FF_DETECT_NO);        // no whole settings
    EXPECT_EQ(ask(ff_detect_http2, "\0\0\x0c\x04\0\0\0\0\0\0\x03"sv), FF_DETECT_NO);  // longer than the call
}

TEST(DetectHttp2, FramesInTheMidstOfAConnectionTellIt) {
    EXPECT_EQ(ask(ff_detect_http2, "\0\0\x02\x01\x05\0\0\0\x0d\x82\xbe"sv), FF_DETECT_REQUEST);
    EXPECT_EQ(ask(ff_detect_http2, "\0\0\x01\x01\x04\0\0\0\x0d\x88\0\0\x01\0\x01\0\0\0\x0dx"sv), FF_DETECT_REQUEST);
    EXPECT_EQ(ask(ff_detect_http2, "\0\0\x04\x08\0\0\0\0\0\0\0\x10\0"sv), FF_DETECT_RESPONSE);
    EXPECT_EQ(ask(ff_detect_http2,
                  "\0\0\x08\x06\x01\0\0\0\0"
                  "12345678"sv),
              FF_DETECT_RESPONSE);
    EXPECT_EQ(ask(ff_detect_http2, "\0\0\x04\x03\0\0\0\0\x0d\0\0\0\x08"sv), FF_DETECT_RESPONSE);
    EXPECT_EQ(ask(ff_detect_http2, "\0\0\0\x04\x01\0\0\0\0"sv), FF_DETECT_RESPONSE);
}

TEST(DetectHttp2, OtherProtocolsAndImpossibleFramesAreNot) {
    for (const auto bytes : {"\0\0\0\x08\x04\xd2\x16\x2f\0"sv,                // PostgreSQL: SSLRequest
                             "\0\0\0\x54\0\x03\0\0user\0"sv,                  // … StartupMessage
                             "\0\0\0\x23\0\x12\0\x03\0\0\0\x01"sv,            // Kafka
                             "\0\0\x01\x01\x82\xa2\x03\0\0\0\0\0\x01\x21"sv,  // MySQL: a packet of 256 bytes
                             "\0\0\x02\x01\x05\0\0\0\x0c\x82\xbe"sv,          // HEADERS on a pushed stream
                             "\0\0\x02\x01\x15\0\0\0\x0d\x82\xbe"sv,          // … with a flag that they don't have
                             "\0\0\x03\x01\x05\0\0\0\x0d\x82\xbe"sv,          // … longer than the call
                             "\0\0\x04\x08\0\0\0\0\0\0\0\0\0"sv,              // WINDOW_UPDATE by nothing
                             "\0\0\x04\x08\0\0\0\0\0\0\0\x10\0xyz"sv,         // … with what is no frame behind it
                             "\0\0\x04\0\0\0\0\0\x01"
                             "abcd"sv,  // DATA says too little about itself
                             "\0\0\0\0\0\0\0\0\0\0"sv, "\0\x50\0\x01\x05\0\0\0\x01"sv}) {
        EXPECT_EQ(ask(ff_detect_http2, bytes), FF_DETECT_NO) << testing::PrintToString(bytes);
    }
}

TEST(DetectTls, HellosAndApplicationDataAreOpaque) {
    EXPECT_EQ(ask(ff_detect_tls, "\x16\x03\x01\x02\x00\x01\x00"sv), FF_DETECT_OPAQUE);
    EXPECT_EQ(ask(ff_detect_tls, "\x16\x03\x03\x00\x7a\x02\x00"sv), FF_DETECT_OPAQUE);
    EXPECT_EQ(ask(ff_detect_tls, "\x17\x03\x03\x00\x20\xab\xcd"sv), FF_DETECT_OPAQUE);
}

TEST(DetectTls, ImpossibleRecordsAreNot) {
    EXPECT_EQ(ask(ff_detect_tls, "\x16\x02\x01\x02\x00\x01"sv), FF_DETECT_NO);  // version 2
    EXPECT_EQ(ask(ff_detect_tls, "\x16\x03\x01\xff\xff\x01"sv), FF_DETECT_NO);  // longer than a record can be
    EXPECT_EQ(ask(ff_detect_tls, "\x16\x03\x01\x00\x00\x01"sv), FF_DETECT_NO);  // empty
    EXPECT_EQ(ask(ff_detect_tls, "\x16\x03\x01\x02\x00\x0b"sv), FF_DETECT_NO);  // a handshake that begins with a certificate
    EXPECT_EQ(ask(ff_detect_tls, "\x16\x03"sv), FF_DETECT_MAYBE);
}

ff_detected mongodb(std::string_view text) { return ask(ff_detect_mongodb, text); }

// What PyMongo sends first: OP_QUERY, and later: OP_MSG.
constexpr auto kMongodbHello =
    "\x10\x01\x00\x00\x3c\xe3\x65\x60\x00\x00\x00\x00\xd4\x07\x00\x00\x00\x00\x00\x00"
    "admin.$cmd\x00"sv;
constexpr auto kMongodbDrop =
    "\x85\x00\x00\x00\x9f\x7a\xfd\x0c\x00\x00\x00\x00\xdd\x07\x00\x00\x00\x00\x00\x00\x00"
    "\x70\x00\x00\x00\x02"
    "drop\x00"sv;
constexpr auto kMongodbAnswer =
    "\x4b\x00\x00\x00\x01\x00\x00\x00\x9f\x7a\xfd\x0c\xdd\x07\x00\x00\x00\x00\x00\x00\x00"
    "\x36\x00\x00\x00\x10"sv;

TEST(DetectMongodb, RequestsAndResponses) {
    EXPECT_EQ(mongodb(kMongodbHello), FF_DETECT_REQUEST);
    EXPECT_EQ(mongodb(kMongodbDrop), FF_DETECT_REQUEST);
    EXPECT_EQ(mongodb(kMongodbAnswer), FF_DETECT_RESPONSE);
    EXPECT_EQ(mongodb("\x01\x01\x00\x00\x01\x00\x00\x00\x3c\xe3\x65\x60\x01\x00\x00\x00\x08\x00\x00\x00"sv),
              FF_DETECT_RESPONSE);
    EXPECT_EQ(mongodb(kMongodbDrop.substr(0, 16)), FF_DETECT_REQUEST) << "servers read the header alone";
}

TEST(DetectMongodb, EveryPrefixOfAHeaderIsMaybe) {
    for (std::size_t length = 1; length < 16; ++length) EXPECT_EQ(mongodb(kMongodbDrop.substr(0, length)), FF_DETECT_MAYBE);
}

TEST(DetectMongodb, WhatBreaksTheRulesIsNot) {
    const auto with = [](std::size_t at, char byte) {
        std::string damaged(kMongodbDrop);
        damaged[at] = byte;
        return mongodb(damaged);
    };
    EXPECT_EQ(with(3, 0x20), FF_DETECT_NO);  // too long
    EXPECT_EQ(with(0, 0x10), FF_DETECT_NO);  // too short
    EXPECT_EQ(with(12, 0), FF_DETECT_NO);    // no operation
    EXPECT_EQ(with(16, 4), FF_DETECT_NO);    // a required flag that nobody knows
    EXPECT_EQ(with(20, 7), FF_DETECT_NO);    // no kind of section
}

TEST(DetectMongodb, OtherProtocolsAreNot) {
    for (const auto text : {"GET / HTTP/1.1\r\nHost: a\r\n"sv, "*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPING\r\n"sv,
                            "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00\x00\x00\x00\x00\x00"sv,
                            "\x00\x00\x00\x50\x00\x03\x00\x00user\x00postgres\x00"sv,  // PostgreSQL
                            "\x4a\x00\x00\x00\x0a"
                            "8.0.32\x00\x08\x00\x00\x00\x3b\x1f\x2c\x11\x66\x7a"sv,  // MySQL
                            "\x04\x00\x00\x00\x05\x00\x00\x00\x00"sv,
                            "\x04\x00\x00\x01\x01\x00\x00\x00\x16\x00\x01\x00\x0b"
                            "CQL_VER"sv,
                            "\x01\x01\x00\x01\x00\x08\x00\x00\x00\x01\x01\x00\x00\x00\x00\x00\x01\x04\x00\x01"sv}) {
        EXPECT_NE(mongodb(text), FF_DETECT_REQUEST) << text;
        EXPECT_NE(mongodb(text), FF_DETECT_RESPONSE) << text;
    }
}

ff_detected redis(std::string_view text) { return ask(ff_detect_redis, text); }

TEST(DetectRedis, ArraysOfBulkStringsAreRequests) {
    for (const auto* text : {"*1\r\n$4\r\nPING\r\n", "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n",
                             "*1000000\r\n$4\r\nMSET\r\n", "*2\r\n$536870912\r\nx"}) {
        EXPECT_EQ(redis(text), FF_DETECT_REQUEST) << text;
    }
}

TEST(DetectRedis, EveryPrefixOfARequestIsMaybeUntilItIsLongEnough) {
    const std::string_view request = "*12\r\n$4\r\nMSET\r\n";
    for (std::size_t length = 1; length <= request.size(); ++length) {
        EXPECT_EQ(redis(request.substr(0, length)), length < 9 ? FF_DETECT_MAYBE : FF_DETECT_REQUEST) << length;
    }
}

TEST(DetectRedis, CommandsThatComeAsLinesAreKnown) {
    for (const auto* text :
         {"PING\r\n", "ping\r\n", "INFO\r\n", "info server\r\n", "SET a b\r\n", "GET a\r\n", "AUTH secret\r\n"}) {
        EXPECT_EQ(redis(text), FF_DETECT_REQUEST) << text;
    }
    for (const auto* text : {"set a 0 0 1\r\nx\r\n", "get a\r\n", "PINGS\r\n", "INFORM x\r\n", "SETTLE\r\n"}) {
        EXPECT_EQ(redis(text), FF_DETECT_NO) << text;
    }
}

TEST(DetectRedis, LongRepliesAreWantedWhole) {
    const std::string rest(300, 'x');
    EXPECT_EQ(redis("$100000\r\n" + rest), FF_DETECT_RESPONSE);
    EXPECT_EQ(redis("$1000\r\n" + rest), FF_DETECT_REQUEST) << "several may come at once";
    EXPECT_EQ(redis("*600\r\n:1\r\n" + rest), FF_DETECT_REQUEST);
    EXPECT_EQ(redis("+OK\r\n+OK\r\n" + rest), FF_DETECT_REQUEST);
    EXPECT_EQ(redis("+OK ready <1896.697170952@dbc.mtview.ca.us>\r\n"), FF_DETECT_NO) << "POP3";
    EXPECT_EQ(redis("$5\r\nhello\r\n"), FF_DETECT_NO) << "what is short is captured whole";
}

TEST(DetectRedis, OtherProtocolsAreNot) {
    for (const auto text : {"GET / HTTP/1.1\r\n"sv, "*\r\n"sv, "*x\r\n$3\r\n"sv, "*01\r\n$3\r\n"sv, "*0\r\n$3\r\n"sv,
                            "*1\r\n:3\r\n"sv, "*1\n$3\n"sv, "*1\r\n$x\r\n"sv, "* OK IMAP4rev1 ready\r\n"sv,
                            "HTTP/1.1 200 OK\r\n"sv, "220 mail.example ESMTP\r\n"sv, "SSH-2.0-OpenSSH_9.2\r\n"sv,
                            "\x16\x03\x01\x02\x00\x01"sv, "EHLO x\r\n"sv, "USER anonymous\r\n"sv, "version\r\n"sv}) {
        const ff_detected said = redis(text);
        EXPECT_TRUE(said == FF_DETECT_NO || (text.starts_with("GET /") && said == FF_DETECT_REQUEST)) << text;
    }
}

}  // namespace
