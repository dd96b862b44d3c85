#include "connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "fail.h"
#include "mode.h"
#include "options.h"

enum {
    READ_SIZE = 1 << 18,     /* bytes taken from the kernel at once */
    EVENTS_AT_ONCE = 256,    /* events taken from the kernel at once */
    COMPACT_FROM = 1 << 20,  /* bytes sent that are worth moving the rest */
    NANOSECONDS = 1000000000,
};

uint64_t event_time;

static struct connection *connections;
static struct connection **dirty;
static unsigned dirty_count;
static uint8_t shared_input[READ_SIZE];

uint64_t clock_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * NANOSECONDS + (uint64_t)time.tv_nsec;
}

static int poller(void)
{
    static int fd = -1;
    if (fd < 0 && (fd = epoll_create1(0)) < 0)
        fail("epoll_create1: %s", strerror(errno));
    return fd;
}

static void watch(struct connection *connection, int operation)
{
    struct epoll_event event = {
        .events = connection->waits ? EPOLLIN | EPOLLOUT : EPOLLIN,
        .data.ptr = connection,
    };
    if (epoll_ctl(poller(), operation, connection->fd, &event) < 0)
        fail("epoll_ctl: %s", strerror(errno));
}

void connections_allocate(unsigned count)
{
    connections = allocate(count, sizeof *connections);
    dirty = allocate(count, sizeof(struct connection *));
    for (unsigned i = 0; i < count; i++)
        connections[i].number = i;
}

struct connection *connection_at(unsigned number)
{
    return &connections[number];
}

void connection_open(struct connection *connection)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(options.port),
    };
    int on = 1;
    if (inet_pton(AF_INET, options.host, &address.sin_addr) != 1)
        misuse("--host: expected an IPv4 address, got %s", options.host);
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (connection->fd < 0)
        fail("socket: %s", strerror(errno));
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(connection->fd, (struct sockaddr *)&address, sizeof address) < 0
        && errno != EINPROGRESS)
        fail("connect: %s", strerror(errno));
    connection->waits = true;
    watch(connection, EPOLL_CTL_ADD);
}

static void flush(struct connection *connection)
{
    struct buffer *out = &connection->out;
    while (connection->sent < out->size) {
        ssize_t count = send(connection->fd, out->bytes + connection->sent,
                             out->size - connection->sent, MSG_NOSIGNAL);
        if (count < 0 && errno == EAGAIN)
            break;
        if (count < 0)
            fail("connection %u: send: %s", connection->number, strerror(errno));
        connection->sent += (size_t)count;
    }
    bool waits = connection->sent < out->size;
    if (!waits || connection->sent > COMPACT_FROM) {
        buffer_take(out, connection->sent);
        connection->sent = 0;
    }
    if (waits != connection->waits) {
        connection->waits = waits;
        watch(connection, EPOLL_CTL_MOD);
    }
}

void connection_flush_soon(struct connection *connection)
{
    if (!connection->dirty && !connection->waits) {
        connection->dirty = true;
        dirty[dirty_count++] = connection;
    }
}

void connections_flush(void)
{
    while (dirty_count) {
        struct connection *connection = dirty[--dirty_count];
        connection->dirty = false;
        flush(connection);
    }
}

static void handle_input(struct connection *connection, size_t count)
{
    struct buffer *in = &connection->in;
    if (!in->size) { /* nearly always: nothing needs to be kept */
        size_t used = mode->received(connection, shared_input, count);
        buffer_append(in, shared_input + used, count - used);
        return;
    }
    in->size += count;
    buffer_take(in, mode->received(connection, in->bytes, in->size));
}

static void read_input(struct connection *connection)
{
    struct buffer *in = &connection->in;
    uint8_t *target = in->size ? buffer_reserve(in, READ_SIZE) : shared_input;
    ssize_t count = recv(connection->fd, target, READ_SIZE, 0);
    event_time = clock_now();
    if (count > 0) {
        handle_input(connection, (size_t)count);
    } else if (count == 0) {
        close(connection->fd);
        mode->closed(connection);
    } else if (errno != EAGAIN) {
        fail("connection %u: recv: %s", connection->number, strerror(errno));
    }
}

void connections_wait(int milliseconds)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    int count = epoll_wait(poller(), events, EVENTS_AT_ONCE, milliseconds);
    event_time = clock_now();
    for (int i = 0; i < count; i++) {
        struct connection *connection = events[i].data.ptr;
        if (events[i].events & EPOLLOUT)
            flush(connection);
        if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
            read_input(connection);
        connections_flush();
    }
}
