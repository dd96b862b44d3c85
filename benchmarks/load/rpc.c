/* Connection 0 is the callee of one procedure, which returns its arguments
 * [caller, request, payload]; the others are callers with --window calls in flight. */
#include <stdbool.h>

#include "connection.h"
#include "mode.h"
#include "options.h"
#include "payload.h"
#include "phases.h"
#include "reader.h"
#include "wamp.h"
#include "websocket.h"
#include "writer.h"

enum { CALLEE, FIRST_CALLER };
/* Results may overtake each other; so far, in windows. */
enum { OVERTAKING = 8 };

struct call {
    uint64_t request; /* 0: there is none */
    uint64_t sent;    /* nanoseconds */
};

struct caller {
    uint64_t next;     /* request */
    unsigned in_flight;
    uint64_t invoked;  /* the latest request that reached the callee */
    struct call *calls; /* by request */
};

static char procedure[MAX_URI];
static unsigned call_slots;

static unsigned prepare(void)
{
    unsigned count = FIRST_CALLER + options.connections;
    payload_prepare();
    wamp_uri(procedure, "procedure");
    connections_allocate(count);
    call_slots = OVERTAKING * options.window;
    for (unsigned i = FIRST_CALLER; i < count; i++) {
        struct caller *caller = connection_at(i)->role = allocate(1, sizeof *caller);
        caller->calls = allocate(call_slots, sizeof *caller->calls);
        caller->next = 1;
    }
    return count;
}

static void write_arguments(unsigned number, uint64_t request)
{
    write_list(3);
    write_unsigned(number);
    write_unsigned(request);
    write_text(payload_text(), options.size);
    write_end_of_list();
}

static void call(struct connection *connection, uint64_t request)
{
    wamp_begin(5, CALL);
    write_unsigned(request);
    write_map(0);
    write_end_of_map();
    write_string(procedure);
    write_arguments(connection->number, request);
    wamp_send(connection);
}

static void call_more(struct connection *connection)
{
    struct caller *caller = connection->role;
    while (may_send() && caller->in_flight < options.window) {
        struct call *slot = &caller->calls[caller->next % call_slots];
        if (slot->request)
            return; /* a call that many others have overtaken */
        *slot = (struct call){caller->next, event_time};
        call(connection, caller->next++);
        caller->in_flight++;
        started(1);
    }
}

static void start(struct connection *connection)
{
    if (connection->number >= FIRST_CALLER)
        call_more(connection);
}

/* Calls of one caller reach the callee in their order ("Ordering Guarantees"). */
static void check_order(uint64_t number, uint64_t request)
{
    if (number < FIRST_CALLER || number >= FIRST_CALLER + options.connections)
        fail_reading("an invocation of an unknown caller");
    struct caller *caller = connection_at((unsigned)number)->role;
    if (request != caller->invoked + 1)
        fail_reading("an invocation is lost or out of order");
    caller->invoked = request;
}

static void on_invocation(struct connection *connection)
{
    uint64_t request = read_unsigned();
    skip_value(); /* registration */
    skip_value(); /* details */
    const uint8_t *arguments = read_position();
    read_list();
    uint64_t number = read_unsigned();
    check_order(number, read_unsigned());
    read_payload();
    read_end_of_list();
    size_t size = (size_t)(read_position() - arguments);
    wamp_begin(4, YIELD);
    write_unsigned(request);
    write_map(0);
    write_end_of_map();
    write_raw(arguments, size);
    wamp_send(connection);
}

static void on_result(struct connection *connection)
{
    struct caller *caller = connection->role;
    uint64_t request = read_unsigned();
    struct call *slot = &caller->calls[request % call_slots];
    if (slot->request != request)
        fail_reading("a result of a call that is not in flight");
    skip_value(); /* details */
    read_list();
    if (read_unsigned() != connection->number || read_unsigned() != request)
        fail_reading("the result of another call");
    read_payload();
    slot->request = 0;
    caller->in_flight--;
    completed(event_time - slot->sent);
    call_more(connection);
}

static void on_message(struct connection *connection, const uint8_t *bytes, size_t size)
{
    uint64_t code = wamp_code(bytes, size);
    bool callee = connection->number == CALLEE;
    if (code == RESULT && !callee)
        on_result(connection);
    else if (code == INVOCATION && callee)
        on_invocation(connection);
    else if (code == WELCOME && callee)
        wamp_request(connection, REGISTER, procedure);
    else if (code == WELCOME || (code == REGISTERED && callee))
        became_ready();
    else
        fail_reading("an unexpected message");
}

const struct mode rpc_mode = {
    .name = "rpc",
    .prepare = prepare,
    .open = wamp_open,
    .received = websocket_received,
    .closed = websocket_closed,
    .upgraded = wamp_upgraded,
    .message = on_message,
    .start = start,
};
