#include "wamp.h"

#include <stdio.h>

#include "buffer.h"
#include "options.h"
#include "reader.h"
#include "websocket.h"
#include "writer.h"

static struct buffer draft; /* the message that is being written */

void wamp_open(struct connection *connection)
{
    websocket_open(connection,
                   options.serializer == JSON ? "wamp.2.json" : "wamp.2.msgpack");
}

void wamp_upgraded(struct connection *connection)
{
    static const char *const roles[] = {"caller", "callee", "publisher", "subscriber"};
    enum { ROLES = sizeof roles / sizeof *roles };
    wamp_begin(3, HELLO);
    write_string(options.realm);
    write_map(1);
    write_key("roles");
    write_map(ROLES);
    for (unsigned i = 0; i < ROLES; i++) {
        write_key(roles[i]);
        write_map(0);
        write_end_of_map();
    }
    write_end_of_map();
    write_end_of_map();
    wamp_send(connection);
}

void wamp_begin(unsigned items, enum message_code code)
{
    draft.size = 0;
    write_to(&draft);
    write_list(items);
    write_unsigned(code);
}

void wamp_send(struct connection *connection)
{
    write_end_of_list();
    websocket_send(connection, options.serializer == JSON ? TEXT : BINARY, draft.bytes,
                   draft.size);
}

void wamp_request(struct connection *connection, enum message_code code, const char *uri)
{
    wamp_begin(4, code);
    write_unsigned(1);
    write_map(0);
    write_end_of_map();
    write_string(uri);
    wamp_send(connection);
}

uint64_t wamp_code(const uint8_t *bytes, size_t size)
{
    read_from(bytes, size);
    read_list();
    return read_unsigned();
}

const char *wamp_uri(char target[MAX_URI], const char *name)
{
    snprintf(target, MAX_URI, "%s.%s", options.prefix, name);
    return target;
}
