// What is said: the conversations, one function each.
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sockio.h"

static struct step* add(struct script* script, enum side who, enum act act, char* bytes, size_t length) {
    if (script->step_count == MAX_STEPS) fail("the script is too long");
    struct step* step = &script->steps[script->step_count++];
    *step = (struct step){who, act, bytes, length};
    return step;
}

__attribute__((format(printf, 3, 4))) static size_t say(struct script* script, enum side who, const char* format, ...) {
    char* text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0) fail("out of memory");
    add(script, who, SENDS, text, length);
    return length;
}

static void count(struct script* script, const char* operation, int status, bool error, size_t asked, size_t answered) {
    if (script->pause_after >= 0 && !script->paused) return;
    struct tally* tally = script->tallies;
    struct tally* end = tally + script->tally_count;
    while (tally < end && (strcmp(tally->operation, operation) != 0 || tally->status != status || tally->error != error))
        tally++;
    if (tally == end) {
        if (script->tally_count++ == MAX_TALLIES) fail("too many operations");
        *tally = (struct tally){.operation = operation, .status = status, .error = error};
    }
    tally->uses++;
    tally->request_bytes += asked;
    tally->response_bytes += answered;
}

// From here on the observer watches; what came before is not to be counted.
static void let_observer_in(struct script* script) {
    script->pause_after = script->step_count;
    script->paused = true;
}

static char* filler(size_t length) {
    char* bytes = malloc(length + 1);
    if (!bytes) fail("out of memory");
    for (size_t i = 0; i < length; i++) bytes[i] = (char)('a' + i % 23);
    bytes[length] = '\0';
    return bytes;
}

static void get(struct script* script, const char* path, const char* operation, int body) {
    char* text = filler(body);
    size_t asked = say(script, CLIENT, "GET %s HTTP/1.1\r\nHost: shop.test\r\nAccept: */*\r\n\r\n", path);
    size_t answered =
        say(script, SERVER, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", body, text);
    count(script, operation, 200, false, asked, answered);
    free(text);
}

static void post(struct script* script, const char* path, const char* operation, int body) {
    char* text = filler(body);
    size_t asked =
        say(script, CLIENT, "POST %s HTTP/1.1\r\nHost: shop.test\r\nContent-Length: %d\r\n\r\n%s", path, body, text);
    size_t answered = say(script, SERVER, "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok");
    count(script, operation, 201, false, asked, answered);
    free(text);
}

// Ten orders, a search and a checkout, on one kept-alive connection; bodies of a few hundred bytes.
static void build_shop(struct script* script) {
    for (int i = 0; i < 10; i++) {
        char path[32];
        snprintf(path, sizeof path, "/orders/%d", 1000 + i);
        get(script, path, "GET /orders/{id}", 300 + i);
    }
    get(script, "/search?q=secret", "GET /search", 20);
    post(script, "/checkout", "POST /checkout", 500);
}

static void build_short(struct script* script) { get(script, "/health", "GET /health", 2); }

static void pipeline(struct script* script, int depth, const char* header) {
    char* asked = NULL;
    char* answered = NULL;
    size_t asked_length = 0;
    size_t answered_length = 0;
    FILE* requests = open_memstream(&asked, &asked_length);
    FILE* responses = open_memstream(&answered, &answered_length);
    for (int i = 0; i < depth; i++) {
        fprintf(requests, "GET /orders/%d HTTP/1.1\r\nHost: shop.test\r\n%s\r\n", 100 + i, header);
        fprintf(responses, "HTTP/1.1 %s\r\nContent-Length: 5\r\n\r\nhello", i % 4 == 3 ? "404 Not Found" : "200 OK");
    }
    fclose(requests);
    fclose(responses);
    size_t each = asked_length / (size_t)depth;
    size_t found = strlen("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    size_t missing = strlen("HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nhello");
    for (int i = 0; i < depth; i++)
        count(script, "GET /orders/{id}", i % 4 == 3 ? 404 : 200, false, each, i % 4 == 3 ? missing : found);
    add(script, CLIENT, SENDS, asked, asked_length);
    add(script, SERVER, SENDS, answered, answered_length);
}

static void build_pipelined(struct script* script) { pipeline(script, 32, ""); }

/* Some 40 KiB of requests in one call. */
static void build_pipelined_deep(struct script* script) {
    pipeline(script, 300,
             "Cookie: session=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef; theme=dark\r\n");
}

static void build_chunked(struct script* script) {
    for (int i = 0; i < 5; i++) {
        size_t asked = say(script, CLIENT, "POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        asked += say(script, CLIENT, "5\r\nhello\r\n1;x=y\r\n \r\n");
        asked += say(script, CLIENT, "5\r\nworld\r\n0\r\n\r\n");
        size_t answered = say(script, SERVER, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        answered += say(script, SERVER, "a\r\nHTTP/1.1 2\r\n");
        answered += say(script, SERVER, "2\r\nok\r\n0\r\nTrailer: x\r\n\r\n");
        count(script, "POST /upload", 200, false, asked, answered);
    }
}

static void build_until_close(struct script* script) {
    size_t asked = say(script, CLIENT, "GET /stream HTTP/1.0\r\nHost: a\r\n\r\n");
    size_t answered = say(script, SERVER, "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nfirst part\n");
    answered += say(script, SERVER, "second part\n");
    count(script, "GET /stream", 200, false, asked, answered);
    add(script, SERVER, CLOSES, NULL, 0);
}

// Responses that have no body whatever their headers say.
static void build_no_body(struct script* script) {
    for (int i = 0; i < 4; i++) {
        size_t asked = say(script, CLIENT, "HEAD /big HTTP/1.1\r\nHost: a\r\n\r\n");
        count(script, "HEAD /big", 200, false, asked,
              say(script, SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"));
        asked = say(script, CLIENT, "DELETE /orders/7 HTTP/1.1\r\nHost: a\r\n\r\n");
        count(script, "DELETE /orders/{id}", 204, false, asked, say(script, SERVER, "HTTP/1.1 204 No Content\r\n\r\n"));
        asked = say(script, CLIENT, "GET /cached HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"1\"\r\n\r\n");
        count(script, "GET /cached", 304, false, asked,
              say(script, SERVER, "HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\nContent-Length: 77\r\n\r\n"));
    }
}

static void build_continue(struct script* script) {
    for (int i = 0; i < 5; i++) {
        size_t asked =
            say(script, CLIENT, "PUT /photo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n");
        size_t answered = say(script, SERVER, "HTTP/1.1 100 Continue\r\n\r\n");
        asked += say(script, CLIENT, "123456789");
        answered += say(script, SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone");
        count(script, "PUT /photo", 200, false, asked, answered);
    }
}

static void build_websocket(struct script* script) {
    get(script, "/page", "GET /page", 10);
    size_t asked = say(script, CLIENT,
                       "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
    size_t answered = say(script, SERVER,
                          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
    count(script, "GET /chat", 101, false, asked, answered);
    for (int i = 0; i < 10; i++) {  // A frame whose text looks like HTTP must not count.
        say(script, CLIENT, "\x82%cmaskGET /fake HTTP/1.1\r\nHost: a\r\n\r\n", 0x80 | 31);
        say(script, SERVER, "\x82%cHTTP/1.1 200 OK\r\n\r\n", 19);
    }
}

static void build_bodies(struct script* script, int size) {
    get(script, "/film", "GET /film", size);
    post(script, "/film", "POST /film", size);
    get(script, "/after", "GET /after", 3);
}

static void build_medium(struct script* script) { build_bodies(script, 256 << 10); }
static void build_large(struct script* script) { build_bodies(script, 8 << 20); }

static void build_unusual(struct script* script) {
    size_t asked = say(script, CLIENT, "PURGE /cache HTTP/1.1\r\nHost: a\r\n\r\n");
    count(script, "_OTHER /cache", 200, false, asked, say(script, SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    get(script, "http://shop.test:80/absolute?x=1", "GET /absolute", 4);
    asked = say(script, CLIENT, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
    count(script, "OPTIONS *", 200, false, asked, say(script, SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    asked = say(script, CLIENT, "GET /broken HTTP/1.1\r\nHost: a\r\n\r\n");
    count(script, "GET /broken", 500, true, asked, say(script, SERVER, "HTTP/1.1 500 Oops\r\nContent-Length: 1\r\n\r\n!"));
}

// The second exchange is cut in the middle of the response.
static void build_cut(struct script* script, enum side who, enum act act) {
    get(script, "/whole", "GET /whole", 30);
    size_t asked = say(script, CLIENT, "GET /half HTTP/1.1\r\nHost: a\r\n\r\n");
    size_t answered = say(script, SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this");
    count(script, "GET /half", 200, true, asked, answered);
    add(script, who, act, NULL, 0);
}

static void build_server_resets(struct script* script) { build_cut(script, SERVER, RESETS); }
static void build_server_closes(struct script* script) { build_cut(script, SERVER, CLOSES); }
static void build_client_resets(struct script* script) { build_cut(script, CLIENT, RESETS); }

// Closed after the request, before any response.
static void build_no_answer(struct script* script) {
    get(script, "/whole", "GET /whole", 30);
    size_t asked = say(script, CLIENT, "GET /silence HTTP/1.1\r\nHost: a\r\n\r\n");
    count(script, "GET /silence", 0, true, asked, 0);
    add(script, SERVER, CLOSES, NULL, 0);
}

static void build_late(struct script* script) {
    script->pause_after = 0;
    build_shop(script);
    let_observer_in(script);
    build_shop(script);
}

static void build_late_idle(struct script* script) {
    let_observer_in(script);
    build_shop(script);
}

// The observer arrives between a request and its response: that one began before it watched.
static void build_late_midway(struct script* script) {
    script->pause_after = 0;
    build_short(script);
    say(script, CLIENT, "GET /before HTTP/1.1\r\nHost: a\r\n\r\n");
    let_observer_in(script);
    say(script, SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    build_shop(script);
}

const struct script_kind script_kinds[] = {
    {"shop", build_shop},
    {"short", build_short},
    {"pipelined", build_pipelined},
    {"pipelined_deep", build_pipelined_deep},
    {"chunked", build_chunked},
    {"until_close", build_until_close},
    {"no_body", build_no_body},
    {"continue", build_continue},
    {"websocket", build_websocket},
    {"medium", build_medium},
    {"large", build_large},
    {"unusual", build_unusual},
    {"server_resets", build_server_resets},
    {"server_closes", build_server_closes},
    {"client_resets", build_client_resets},
    {"no_answer", build_no_answer},
    {"late", build_late},
    {"late_idle", build_late_idle},
    {"late_midway", build_late_midway},
};
const int script_kind_count = sizeof script_kinds / sizeof *script_kinds;
