/* TCP connections on one epoll loop: bytes in by callback, one send per event out. */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"

struct connection {
    int fd;
    unsigned number; /* in the order in which they were opened, from 0 */
    bool upgraded;   /* the websocket handshake is done */
    bool waits;      /* for the kernel to take more */
    bool dirty;      /* has output that was not offered to the kernel yet */
    struct buffer in, out;
    struct buffer message; /* a fragmented message under way */
    uint8_t message_opcode; /* 0: there is none */
    size_t sent;     /* bytes of `out` that the kernel took */
    void *role;      /* what the mode keeps for it */
};

/* Allocate `count` connections, none of them open. */
void connections_allocate(unsigned count);
struct connection *connection_at(unsigned number);
/* Start to connect; what is queued waits for that. */
void connection_open(struct connection *connection);
/* Offer `out` to the kernel once the event at hand is handled. */
void connection_flush_soon(struct connection *connection);
/* Handle what happens within `milliseconds`; the event at hand ends all waiting. */
void connections_wait(int milliseconds);
void connections_flush(void);

/* The clock at the latest event, in nanoseconds. */
extern uint64_t event_time;
uint64_t clock_now(void);

#endif
