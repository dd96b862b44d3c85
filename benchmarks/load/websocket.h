/* The client's side of RFC 6455: the handshake, masked frames out, frames in. */
#ifndef WEBSOCKET_H
#define WEBSOCKET_H

#include <stddef.h>
#include <stdint.h>

struct connection;

enum opcode { CONTINUATION = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };

/* Queue the request; `subprotocol` may be NULL. */
void websocket_open(struct connection *connection, const char *subprotocol);
/* Queue one message. */
void websocket_send(struct connection *connection, enum opcode opcode,
                    const uint8_t *payload, size_t size);

/* For `struct mode`. */
size_t websocket_received(struct connection *connection, uint8_t *bytes, size_t size);
void websocket_closed(struct connection *connection);

#endif
