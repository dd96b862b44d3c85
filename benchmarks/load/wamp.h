/* WAMP sessions of the load generator: HELLO to WELCOME, and messages to and fro. */
#ifndef WAMP_H
#define WAMP_H

#include <stddef.h>
#include <stdint.h>

struct connection;

enum message_code {
    HELLO = 1,
    WELCOME = 2,
    PUBLISH = 16,
    SUBSCRIBE = 32,
    SUBSCRIBED = 33,
    EVENT = 36,
    CALL = 48,
    RESULT = 50,
    REGISTER = 64,
    REGISTERED = 65,
    INVOCATION = 68,
    YIELD = 70,
};

enum { MAX_URI = 200 };

/* Queue the upgrade request for the subprotocol of --serializer. */
void wamp_open(struct connection *connection);
/* Queue HELLO; for `struct mode`. */
void wamp_upgraded(struct connection *connection);
/* Start a message of so many items; the caller writes the others, then sends it. */
void wamp_begin(unsigned items, enum message_code code);
void wamp_send(struct connection *connection);
/* Queue SUBSCRIBE or REGISTER: [code, 1, {}, uri]. */
void wamp_request(struct connection *connection, enum message_code code,
                  const char *uri);
/* Read the first item. */
uint64_t wamp_code(const uint8_t *bytes, size_t size);
/* --prefix with another component: "com.example.bench" and "topic". */
const char *wamp_uri(char target[MAX_URI], const char *name);

#endif
