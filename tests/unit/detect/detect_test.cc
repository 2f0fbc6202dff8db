// The kernel side's detectors, compiled natively: the same code that the probes run.
#include <gtest/gtest.h>

#include <cstring>
#include <string_view>

#include "bpf/detect/http1.h"
#include "bpf/detect/http2.h"
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
    EXPECT_EQ(ask(ff_detect_http2, "\0\0\x0d\x04\0\0\0\0\0"sv), FF_DETECT_NO);  // no whole settings
    EXPECT_EQ(ask(ff_detect_http2, "\0\0\x0c\x04\0\0\0\0\0\0\x03"sv), FF_DETECT_NO);  // longer than the call
}

TEST(DetectHttp2, FramesInTheMidstOfAConnectionTellIt) {
    EXPECT_EQ(ask(ff_detect_http2, "\0\0\x02\x01\x05\0\0\0\x0d\x82\xbe"sv), FF_DETECT_REQUEST);
    EXPECT_EQ(ask(ff_detect_http2, "\0\0\x01\x01\x04\0\0\0\x0d\x88\0\0\x01\0\x01\0\0\0\x0dx"sv), FF_DETECT_REQUEST);
    EXPECT_EQ(ask(ff_detect_http2, "\0\0\x04\x08\0\0\0\0\0\0\0\x10\0"sv), FF_DETECT_RESPONSE);
    EXPECT_EQ(ask(ff_detect_http2, "\0\0\x08\x06\x01\0\0\0\0" "12345678"sv), FF_DETECT_RESPONSE);
    EXPECT_EQ(ask(ff_detect_http2, "\0\0\x04\x03\0\0\0\0\x0d\0\0\0\x08"sv), FF_DETECT_RESPONSE);
    EXPECT_EQ(ask(ff_detect_http2, "\0\0\0\x04\x01\0\0\0\0"sv), FF_DETECT_RESPONSE);
}

TEST(DetectHttp2, OtherProtocolsAndImpossibleFramesAreNot) {
    for (const auto bytes : {
             "\0\0\0\x08\x04\xd2\x16\x2f\0"sv,                           // PostgreSQL: SSLRequest
             "\0\0\0\x54\0\x03\0\0user\0"sv,                             // … StartupMessage
             "\0\0\0\x23\0\x12\0\x03\0\0\0\x01"sv,                       // Kafka
             "\0\0\x01\x01\x82\xa2\x03\0\0\0\0\0\x01\x21"sv,                // MySQL: a packet of 256 bytes
             "\0\0\x02\x01\x05\0\0\0\x0c\x82\xbe"sv,                       // HEADERS on a pushed stream
             "\0\0\x02\x01\x15\0\0\0\x0d\x82\xbe"sv,                       // … with a flag that they don't have
             "\0\0\x03\x01\x05\0\0\0\x0d\x82\xbe"sv,                       // … longer than the call
             "\0\0\x04\x08\0\0\0\0\0\0\0\0\0"sv,                          // WINDOW_UPDATE by nothing
             "\0\0\x04\x08\0\0\0\0\0\0\0\x10\0xyz"sv,                     // … with what is no frame behind it
             "\0\0\x04\0\0\0\0\0\x01" "abcd"sv,                            // DATA says too little about itself
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

}  // namespace
