/* wsload: load for WAMP routers, websocket echoes and HTTP servers, from one thread.
 *
 *     wsload rpc    --port P [--connections CALLERS] [--window W] ...
 *     wsload pubsub --port P [--connections PUBLISHERS] [--subscribers S] [--window W]
 *                            [--patterns SUBSCRIPTIONS] ...
 *     wsload echo   --port P [--path /echo] [--connections C] [--window W] [--size B]
 *     wsload http   --port P [--path /] [--connections C] --size BODY
 *     wsload join   --port P [--connections SESSIONS]
 *
 * Every answer is checked. The result is one JSON object on stdout; if anything was
 * lost, wrong, refused or out of order, stderr says what and the status is 1.
 */
#include <string.h>
#include <sys/resource.h>

#include "fail.h"
#include "mode.h"
#include "options.h"
#include "phases.h"

const struct mode *mode;

static const struct mode *mode_named(const char *name)
{
    static const struct mode *const modes[] = {&rpc_mode, &pubsub_mode, &echo_mode,
                                               &http_mode, &join_mode};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (!strcmp(modes[i]->name, name))
            return modes[i];
    misuse("the mode must be rpc, pubsub, echo, http or join, not %s", name);
}

static void allow_many_connections(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int count, char **arguments)
{
    options_read(count, arguments);
    mode = mode_named(options.mode);
    allow_many_connections();
    run_phases();
    return 0;
}
