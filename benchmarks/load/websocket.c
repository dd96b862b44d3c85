#define _GNU_SOURCE /* memmem */
#include "websocket.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "connection.h"
#include "fail.h"
#include "mode.h"
#include "options.h"

enum {
    FIN = 0x80,
    RESERVED_BITS = 0x70,
    OPCODE_BITS = 0x0f,
    MASKED = 0x80,
    SHORT_LENGTH = 125, /* the greatest length that fits the second byte */
    LENGTH_16 = 126,
    LENGTH_64 = 127,
    MAX_HEADER = 14, /* bytes: 2, 8 of length, 4 of mask */
    MAX_HEAD = 16384, /* bytes of a response to the upgrade request */
    REQUEST_SIZE = 1024,
};

/* The example of RFC 6455, section 1.3: the answer to a fixed key is fixed. */
static const char KEY[] = "dGhlIHNhbXBsZSBub25jZQ==";
static const char ACCEPT[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
static const char END_OF_HEAD[] = "\r\n\r\n";

static const char *agreed_subprotocol; /* the same for all connections */

void websocket_open(struct connection *connection, const char *subprotocol)
{
    char request[REQUEST_SIZE];
    int size = snprintf(request, sizeof request,
                        "GET %s HTTP/1.1\r\n"
                        "Host: %s:%u\r\n"
                        "Upgrade: websocket\r\n"
                        "Connection: Upgrade\r\n"
                        "Sec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: %s\r\n"
                        "%s%s%s\r\n",
                        options.path, options.host, options.port, KEY,
                        subprotocol ? "Sec-WebSocket-Protocol: " : "",
                        subprotocol ? subprotocol : "", subprotocol ? "\r\n" : "");
    if (size >= (int)sizeof request)
        misuse("--path is too long");
    agreed_subprotocol = subprotocol;
    buffer_append(&connection->out, request, (size_t)size);
}

static bool contains(const uint8_t *bytes, size_t size, const char *text)
{
    return memmem(bytes, size, text, strlen(text)) != NULL;
}

/* The size of the response's head, 0 while it is incomplete. */
static size_t handshake(struct connection *connection, const uint8_t *bytes, size_t size)
{
    static const char STATUS[] = "HTTP/1.1 101 ";
    const uint8_t *end = memmem(bytes, size, END_OF_HEAD, strlen(END_OF_HEAD));
    if (!end) {
        if (size > MAX_HEAD)
            fail_at(bytes, size, "the answer to the upgrade request does not end");
        return 0;
    }
    size_t head = (size_t)(end - bytes) + strlen(END_OF_HEAD);
    if (head < strlen(STATUS) || memcmp(bytes, STATUS, strlen(STATUS))
        || !contains(bytes, head, ACCEPT)
        || (agreed_subprotocol && !contains(bytes, head, agreed_subprotocol)))
        fail_at(bytes, size, "the upgrade was refused");
    connection->upgraded = true;
    mode->upgraded(connection);
    return head;
}

static uint32_t next_mask(void)
{
    static uint64_t state = 0x9e3779b97f4a7c15; /* xorshift64 */
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 16);
}

static uint8_t *put_length(uint8_t *at, size_t size)
{
    int bytes = size <= SHORT_LENGTH ? 0 : size <= UINT16_MAX ? 2 : 8;
    *at++ = MASKED | (uint8_t)(!bytes ? size : bytes == 2 ? LENGTH_16 : LENGTH_64);
    while (bytes--)
        *at++ = (uint8_t)(size >> (8 * bytes));
    return at;
}

static void put_masked(uint8_t *at, const uint8_t *payload, size_t size, uint32_t mask)
{
    uint64_t word, wide = (uint64_t)mask << 32 | mask;
    size_t i = 0;
    for (; i + sizeof word <= size; i += sizeof word) {
        memcpy(&word, payload + i, sizeof word);
        word ^= wide;
        memcpy(at + i, &word, sizeof word);
    }
    for (; i < size; i++)
        at[i] = payload[i] ^ ((uint8_t *)&mask)[i % sizeof mask];
}

void websocket_send(struct connection *connection, enum opcode opcode,
                    const uint8_t *payload, size_t size)
{
    uint8_t *begin = buffer_reserve(&connection->out, MAX_HEADER + size), *at = begin;
    uint32_t mask = next_mask();
    *at++ = FIN | (uint8_t)opcode;
    at = put_length(at, size);
    memcpy(at, &mask, sizeof mask);
    at += sizeof mask;
    put_masked(at, payload, size, mask);
    connection->out.size += (size_t)(at + size - begin);
    connection_flush_soon(connection);
}

static void on_data(struct connection *connection, uint8_t first, const uint8_t *payload,
                    size_t size)
{
    struct buffer *message = &connection->message;
    uint8_t opcode = first & OPCODE_BITS;
    bool continues = connection->message_opcode != CONTINUATION;
    if ((opcode == CONTINUATION) != continues)
        fail_at(payload, size, "a fragment in the wrong place");
    if (!continues && first & FIN) { /* nearly always */
        mode->message(connection, payload, size);
        return;
    }
    if (!continues)
        connection->message_opcode = opcode;
    buffer_append(message, payload, size);
    if (first & FIN) {
        connection->message_opcode = CONTINUATION;
        mode->message(connection, message->bytes, message->size);
        message->size = 0;
    }
}

static void on_frame(struct connection *connection, uint8_t first, const uint8_t *payload,
                     size_t size)
{
    switch (first & OPCODE_BITS) {
    case CONTINUATION:
    case TEXT:
    case BINARY:
        on_data(connection, first, payload, size);
        return;
    case PING:
        websocket_send(connection, PONG, payload, size);
        return;
    case PONG:
        return;
    case CLOSE:
        fail_at(payload, size, "the server closes the websocket");
    default:
        fail_at(payload, size, "a frame of an unknown kind");
    }
}

/* The bytes of a frame's header, 0 while it is incomplete. */
static size_t read_header(const uint8_t *at, size_t size, uint64_t *length)
{
    if (size < 2)
        return 0;
    if (at[0] & RESERVED_BITS || at[1] & MASKED)
        fail_at(at, size, "a frame with reserved bits or a mask");
    *length = at[1];
    size_t bytes = *length == LENGTH_16 ? 2 : *length == LENGTH_64 ? 8 : 0;
    if (size < 2 + bytes)
        return 0;
    if (bytes)
        *length = 0;
    for (size_t i = 0; i < bytes; i++)
        *length = *length << 8 | at[2 + i];
    return 2 + bytes;
}

size_t websocket_received(struct connection *connection, uint8_t *bytes, size_t size)
{
    size_t used = 0, header;
    uint64_t length;
    if (!connection->upgraded && !(used = handshake(connection, bytes, size)))
        return 0;
    while ((header = read_header(bytes + used, size - used, &length))) {
        if (length > size - used - header)
            break;
        on_frame(connection, bytes[used], bytes + used + header, length);
        used += header + length;
    }
    return used;
}

void websocket_closed(struct connection *connection)
{
    fail("connection %u: the server has dropped it", connection->number);
}
