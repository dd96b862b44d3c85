/* The command line. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stddef.h>
#include <stdint.h>

enum serializer { JSON, MESSAGEPACK };
enum { MAX_PIDS = 64 };

struct options {
    const char *mode;
    const char *host; /* an IPv4 address */
    const char *path;
    const char *realm;
    const char *prefix; /* of procedure and topics */
    uint16_t port;
    enum serializer serializer;
    unsigned connections; /* callers, publishers, clients */
    unsigned subscribers;
    unsigned window;   /* operations in flight per connection */
    unsigned patterns; /* subscriptions that fit no event */
    size_t size;       /* bytes of payload */
    double warm_up, seconds;
    unsigned pids[MAX_PIDS];
    unsigned pid_count;
};

extern struct options options;

void options_read(int count, char **arguments);

#endif
