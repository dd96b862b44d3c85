/* What one kind of load is made of; one file for each. */
#ifndef MODE_H
#define MODE_H

#include <stddef.h>
#include <stdint.h>

struct connection;

struct mode {
    const char *name;
    /* Allocate what the connections need; how many there will be. */
    unsigned (*prepare)(void);
    /* Queue the first bytes of a connection that is being opened. */
    void (*open)(struct connection *connection);
    /* Take bytes from the server; how many were used, the others come again. */
    size_t (*received)(struct connection *connection, uint8_t *bytes, size_t size);
    /* The server has closed the connection. */
    void (*closed)(struct connection *connection);
    /* For websockets: the handshake is done, and a whole message came. */
    void (*upgraded)(struct connection *connection);
    void (*message)(struct connection *connection, const uint8_t *bytes, size_t size);
    /* All connections are ready: begin. */
    void (*start)(struct connection *connection);
};

extern const struct mode rpc_mode, pubsub_mode, echo_mode, http_mode, join_mode;
extern const struct mode *mode; /* the one of the command line */

#endif
