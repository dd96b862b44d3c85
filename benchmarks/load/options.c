#include "options.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"

struct options options = {
    .host = "127.0.0.1",
    .path = "/",
    .realm = "realm1",
    .prefix = "com.example.bench",
    .serializer = JSON,
    .connections = 1,
    .subscribers = 1,
    .window = 1,
    .size = 64,
    .warm_up = 0.5,
    .seconds = 2,
};

static unsigned long whole_number(const char *name, const char *value,
                                  unsigned long greatest)
{
    char *rest;
    errno = 0;
    unsigned long number = strtoul(value, &rest, 10);
    if (errno || rest == value || *rest || *value == '-' || number > greatest)
        misuse("%s: expected a whole number up to %lu, got %s", name, greatest, value);
    return number;
}

static double duration(const char *name, const char *value)
{
    char *rest;
    double number = strtod(value, &rest);
    if (rest == value || *rest || !(number >= 0))
        misuse("%s: expected seconds, got %s", name, value);
    return number;
}

static enum serializer serializer_named(const char *value)
{
    if (!strcmp(value, "json"))
        return JSON;
    if (!strcmp(value, "msgpack"))
        return MESSAGEPACK;
    misuse("--serializer: expected json or msgpack, got %s", value);
}

static void read_pids(const char *value)
{
    char *rest;
    do {
        unsigned long pid = strtoul(value, &rest, 10);
        if (rest == value || (*rest && *rest != ',') || pid > INT_MAX)
            misuse("--pids: expected process numbers with commas between, got %s", value);
        if (options.pid_count == MAX_PIDS)
            misuse("--pids: at most %d processes", MAX_PIDS);
        options.pids[options.pid_count++] = (unsigned)pid;
        value = rest + 1;
    } while (*rest);
}

static int read_text(const char *name, const char *value)
{
    const struct {
        const char *name;
        const char **target;
    } texts[] = {
        {"--host", &options.host},
        {"--path", &options.path},
        {"--realm", &options.realm},
        {"--prefix", &options.prefix},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!strcmp(name, texts[i].name)) {
            *texts[i].target = value;
            return 1;
        }
    return 0;
}

static int read_count(const char *name, const char *value)
{
    const struct {
        const char *name;
        unsigned *target;
    } counts[] = {
        {"--connections", &options.connections},
        {"--subscribers", &options.subscribers},
        {"--window", &options.window},
        {"--patterns", &options.patterns},
    };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (!strcmp(name, counts[i].name)) {
            *counts[i].target = (unsigned)whole_number(name, value, INT_MAX);
            return 1;
        }
    return 0;
}

static void read_option(const char *name, const char *value)
{
    if (read_text(name, value) || read_count(name, value))
        return;
    if (!strcmp(name, "--port"))
        options.port = (uint16_t)whole_number(name, value, UINT16_MAX);
    else if (!strcmp(name, "--size"))
        options.size = whole_number(name, value, LONG_MAX);
    else if (!strcmp(name, "--serializer"))
        options.serializer = serializer_named(value);
    else if (!strcmp(name, "--warm-up"))
        options.warm_up = duration(name, value);
    else if (!strcmp(name, "--seconds"))
        options.seconds = duration(name, value);
    else if (!strcmp(name, "--pids"))
        read_pids(value);
    else
        misuse("unknown option %s", name);
}

void options_read(int count, char **arguments)
{
    if (count < 2)
        misuse("usage: wsload rpc|pubsub|echo|http|join --port PORT [--option value]...");
    options.mode = arguments[1];
    for (int i = 2; i < count; i += 2) {
        if (i + 1 == count)
            misuse("%s: expected a value", arguments[i]);
        read_option(arguments[i], arguments[i + 1]);
    }
    if (!options.port)
        misuse("--port is missing");
    if (!options.connections || !options.subscribers || !options.window)
        misuse("--connections, --subscribers and --window must be at least 1");
}
