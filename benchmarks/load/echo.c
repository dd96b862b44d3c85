/* Binary messages, each with its sequence number in front, must come back in order. */
#include <stdio.h>
#include <string.h>

#include "connection.h"
#include "fail.h"
#include "mode.h"
#include "options.h"
#include "payload.h"
#include "phases.h"
#include "websocket.h"

enum { SEQUENCE_SIZE = 16 }; /* hexadecimal digits */

struct client {
    uint64_t next, answered; /* sequence */
    uint64_t *sent;          /* nanoseconds, by sequence */
};

static unsigned prepare(void)
{
    if (options.size < SEQUENCE_SIZE)
        misuse("--size must be at least %d", SEQUENCE_SIZE);
    payload_prepare();
    connections_allocate(options.connections);
    for (unsigned i = 0; i < options.connections; i++) {
        struct client *client = connection_at(i)->role = allocate(1, sizeof *client);
        client->sent = allocate(options.window, sizeof *client->sent);
    }
    return options.connections;
}

static void open_one(struct connection *connection)
{
    websocket_open(connection, NULL);
}

static void on_upgraded(struct connection *connection)
{
    (void)connection;
    became_ready();
}

/* The payload with `sequence` in front. */
static const uint8_t *numbered(uint64_t sequence)
{
    static const char digits[] = "0123456789abcdef";
    char *text = payload_text();
    for (unsigned i = SEQUENCE_SIZE; i--; sequence >>= 4)
        text[i] = digits[sequence & 15];
    return (const uint8_t *)text;
}

static void send_more(struct connection *connection)
{
    struct client *client = connection->role;
    while (may_send() && client->next - client->answered < options.window) {
        client->sent[client->next % options.window] = event_time;
        websocket_send(connection, BINARY, numbered(client->next), options.size);
        client->next++;
        started(1);
    }
}

static void on_message(struct connection *connection, const uint8_t *bytes, size_t size)
{
    struct client *client = connection->role;
    if (client->answered == client->next)
        fail_at(bytes, size, "a message that nobody asked for");
    if (size != options.size || memcmp(bytes, numbered(client->answered), size) != 0)
        fail_at(bytes, size, "another message than was to come back");
    completed(event_time - client->sent[client->answered % options.window]);
    client->answered++;
    send_more(connection);
}

const struct mode echo_mode = {
    .name = "echo",
    .prepare = prepare,
    .open = open_one,
    .received = websocket_received,
    .closed = websocket_closed,
    .upgraded = on_upgraded,
    .message = on_message,
    .start = send_more,
};
