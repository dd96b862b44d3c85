/* GET requests, one in flight on each connection; the body must have --size bytes. A
 * server that closes the connection after an answer gets a new one. */
#define _GNU_SOURCE /* memmem */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "connection.h"
#include "fail.h"
#include "mode.h"
#include "options.h"
#include "phases.h"

enum { REQUEST_SIZE = 512, MAX_HEAD = 16384 };

enum state {
    WAITING, /* for an answer */
    ANSWERED,
    CLOSING, /* answered, and the server will close the connection */
    CLOSED,
};

struct client {
    enum state state;
    bool ready; /* it got its first answer */
    uint64_t sent;
};

static char request[REQUEST_SIZE];
static size_t request_size;

static unsigned prepare(void)
{
    request_size = (size_t)snprintf(request, sizeof request,
                                    "GET %s HTTP/1.1\r\nHost: %s:%u\r\n\r\n",
                                    options.path, options.host, options.port);
    if (request_size >= sizeof request)
        misuse("--path is too long");
    connections_allocate(options.connections);
    for (unsigned i = 0; i < options.connections; i++)
        connection_at(i)->role = allocate(1, sizeof(struct client));
    return options.connections;
}

static void ask(struct connection *connection)
{
    struct client *client = connection->role;
    client->state = WAITING;
    client->sent = event_time;
    buffer_append(&connection->out, request, request_size);
    connection_flush_soon(connection);
    started(1);
}

/* The first answer tells that a connection is ready. */
static void open_one(struct connection *connection)
{
    ask(connection);
}

static void ask_again(struct connection *connection)
{
    struct client *client = connection->role;
    if (!may_send() || client->state == WAITING || client->state == CLOSING)
        return;
    if (client->state == CLOSED)
        connection_open(connection);
    ask(connection);
}

static size_t content_length(const char *head, const char *end)
{
    static const char name[] = "content-length:";
    for (const char *line = head; line < end; line++) {
        if (!strncasecmp(line, name, strlen(name)))
            return strtoul(line + strlen(name), NULL, 10);
        line = memchr(line, '\n', (size_t)(end - line));
        if (!line)
            break;
    }
    fail_at((const uint8_t *)head, (size_t)(end - head), "there is no Content-Length");
}

/* Whether the server will close the connection, which is what HTTP/1.0 does. */
static bool closes(const char *head, const char *end)
{
    return !strncmp(head, "HTTP/1.0", 8)
           || memmem(head, (size_t)(end - head), "Connection: close", 17);
}

static void on_answer(struct connection *connection, enum state state)
{
    struct client *client = connection->role;
    client->state = state;
    completed(event_time - client->sent);
    if (!client->ready) {
        client->ready = true;
        became_ready();
    }
    ask_again(connection);
}

static size_t on_received(struct connection *connection, uint8_t *bytes, size_t size)
{
    static const char end_of_head[] = "\r\n\r\n";
    const char *head = (const char *)bytes;
    const struct client *client = connection->role;
    const char *end = memmem(bytes, size, end_of_head, strlen(end_of_head));
    if (client->state != WAITING || (!end && size > MAX_HEAD))
        fail_at(bytes, size, "an answer that does not end, or that nobody asked for");
    if (!end)
        return 0;
    size_t body = content_length(head, end);
    size_t total = (size_t)(end - head) + strlen(end_of_head) + body;
    if (strncmp(head, "HTTP/1.", 7) || strncmp(head + 8, " 200 ", 5))
        fail_at(bytes, size, "another status than 200");
    if (body != options.size)
        fail_at(bytes, size, "a body of another length than --size");
    if (size < total)
        return 0;
    if (size > total)
        fail_at(bytes, size, "more than one answer");
    on_answer(connection, closes(head, end) ? CLOSING : ANSWERED);
    return total;
}

static void on_closed(struct connection *connection)
{
    struct client *client = connection->role;
    if (client->state != CLOSING)
        fail("connection %u: closed without an announcement", connection->number);
    client->state = CLOSED;
    ask_again(connection);
}

const struct mode http_mode = {
    .name = "http",
    .prepare = prepare,
    .open = open_one,
    .received = on_received,
    .closed = on_closed,
    .start = ask_again,
};
