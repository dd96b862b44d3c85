/* --subscribers of one topic, --connections that publish [publisher, sequence, time,
 * payload] to it with --window events not yet delivered to all, and, with --patterns,
 * one session more whose subscriptions fit nothing. */
#include <stdio.h>

#include "connection.h"
#include "mode.h"
#include "options.h"
#include "payload.h"
#include "phases.h"
#include "reader.h"
#include "wamp.h"
#include "websocket.h"
#include "writer.h"

enum { PATTERNS_AT_ONCE = 256 };

struct subscriber {
    uint64_t *latest; /* sequence, by publisher */
};

struct publisher {
    uint64_t next; /* sequence, and request */
    unsigned in_flight;
    unsigned *missing; /* deliveries of an event, by sequence */
};

static char topic[MAX_URI];
static unsigned first_publisher, bystander; /* connection numbers */
static unsigned patterns_sent, patterns_acknowledged;

static unsigned prepare(void)
{
    payload_prepare();
    wamp_uri(topic, "topic");
    first_publisher = options.subscribers;
    bystander = first_publisher + options.connections;
    connections_allocate(bystander + 1);
    for (unsigned i = 0; i < bystander; i++) {
        struct connection *connection = connection_at(i);
        if (i < first_publisher) {
            struct subscriber *subscriber = allocate(1, sizeof *subscriber);
            subscriber->latest = allocate(options.connections, sizeof(uint64_t));
            connection->role = subscriber;
        } else {
            struct publisher *publisher = allocate(1, sizeof *publisher);
            publisher->missing = allocate(options.window, sizeof(unsigned));
            publisher->next = 1;
            connection->role = publisher;
        }
    }
    return bystander + (options.patterns > 0);
}

static void publish(struct connection *connection, uint64_t sequence)
{
    wamp_begin(5, PUBLISH);
    write_unsigned(sequence);
    write_map(0);
    write_end_of_map();
    write_string(topic);
    write_list(4);
    write_unsigned(connection->number - first_publisher);
    write_unsigned(sequence);
    write_unsigned(event_time);
    write_text(payload_text(), options.size);
    write_end_of_list();
    wamp_send(connection);
}

static void publish_more(struct connection *connection)
{
    struct publisher *publisher = connection->role;
    while (may_send() && publisher->in_flight < options.window) {
        publisher->missing[publisher->next % options.window] = options.subscribers;
        publish(connection, publisher->next++);
        publisher->in_flight++;
        started(options.subscribers);
    }
}

static void start(struct connection *connection)
{
    if (connection->number >= first_publisher && connection->number < bystander)
        publish_more(connection);
}

/* Each subscriber gets each publisher's events in their order, all of them. */
static void on_event(struct connection *connection)
{
    struct subscriber *subscriber = connection->role;
    skip_value(); /* subscription */
    skip_value(); /* publication */
    skip_value(); /* details */
    read_list();
    uint64_t number = read_unsigned(), sequence = read_unsigned();
    uint64_t sent = read_unsigned();
    if (number >= options.connections)
        fail_reading("an event of an unknown publisher");
    if (sequence != subscriber->latest[number] + 1)
        fail_reading("an event is lost or out of order");
    read_payload();
    subscriber->latest[number] = sequence;
    completed(event_time - sent);
    struct connection *sender = connection_at(first_publisher + (unsigned)number);
    struct publisher *publisher = sender->role;
    if (!--publisher->missing[sequence % options.window]) {
        publisher->in_flight--;
        publish_more(sender);
    }
}

static void subscribe_pattern(struct connection *connection, unsigned number)
{
    static const char *const matches[] = {"prefix", "wildcard"};
    static const char *const formats[] = {"%s.other%u.", "%s..other%u"};
    char uri[MAX_URI];
    snprintf(uri, sizeof uri, formats[number % 2], options.prefix, number);
    wamp_begin(4, SUBSCRIBE);
    write_unsigned(number + 1);
    write_map(1);
    write_key("match");
    write_string(matches[number % 2]);
    write_end_of_map();
    write_string(uri);
    wamp_send(connection);
}

static void subscribe_patterns(struct connection *connection)
{
    while (patterns_sent < options.patterns
           && patterns_sent - patterns_acknowledged < PATTERNS_AT_ONCE)
        subscribe_pattern(connection, patterns_sent++);
}

static void on_bystander_message(struct connection *connection, uint64_t code)
{
    if (code == SUBSCRIBED) {
        made_progress();
        if (++patterns_acknowledged == options.patterns)
            became_ready();
    } else if (code != WELCOME) {
        fail_reading("an unexpected message for the subscriber of patterns");
    }
    subscribe_patterns(connection);
}

static void on_message(struct connection *connection, const uint8_t *bytes, size_t size)
{
    uint64_t code = wamp_code(bytes, size);
    if (connection->number == bystander)
        on_bystander_message(connection, code);
    else if (connection->number >= first_publisher && code == WELCOME)
        became_ready();
    else if (connection->number >= first_publisher)
        fail_reading("an unexpected message for a publisher");
    else if (code == EVENT)
        on_event(connection);
    else if (code == WELCOME)
        wamp_request(connection, SUBSCRIBE, topic);
    else if (code == SUBSCRIBED)
        became_ready();
    else
        fail_reading("an unexpected message for a subscriber");
}

const struct mode pubsub_mode = {
    .name = "pubsub",
    .prepare = prepare,
    .open = wamp_open,
    .received = websocket_received,
    .closed = websocket_closed,
    .upgraded = wamp_upgraded,
    .message = on_message,
    .start = start,
};
