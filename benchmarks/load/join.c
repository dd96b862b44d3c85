/* --connections sessions join the realm, and stay there doing nothing. */
#include "connection.h"
#include "mode.h"
#include "options.h"
#include "phases.h"
#include "reader.h"
#include "wamp.h"
#include "websocket.h"

static unsigned prepare(void)
{
    connections_allocate(options.connections);
    return options.connections;
}

static void on_message(struct connection *connection, const uint8_t *bytes, size_t size)
{
    (void)connection;
    if (wamp_code(bytes, size) != WELCOME)
        fail_reading("a session did not get WELCOME");
    became_ready();
}

static void start(struct connection *connection)
{
    (void)connection; /* idle */
}

const struct mode join_mode = {
    .name = "join",
    .prepare = prepare,
    .open = wamp_open,
    .received = websocket_received,
    .closed = websocket_closed,
    .upgraded = wamp_upgraded,
    .message = on_message,
    .start = start,
};
