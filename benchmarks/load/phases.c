#include "phases.h"

#include <stdio.h>

#include "connection.h"
#include "fail.h"
#include "histogram.h"
#include "mode.h"
#include "options.h"
#include "process.h"

enum {
    OPENING_AT_ONCE = 64, /* connections between connect and ready */
    TICK = 20,            /* milliseconds, for looking at the clock */
    PATIENCE = 30,        /* seconds without an answer until it counts as lost */
};
static const double NANOSECOND = 1e-9;

struct usage {
    uint64_t time;
    double own_cpu, server_cpu;
};

static bool sending, measuring;
static unsigned total, opened, ready;
static uint64_t in_flight, last_progress;

void made_progress(void)
{
    last_progress = event_time;
}

void became_ready(void)
{
    ready++;
    made_progress();
}

bool may_send(void)
{
    return sending;
}

void started(unsigned operations)
{
    in_flight += operations;
}

void completed(uint64_t latency)
{
    in_flight--;
    made_progress();
    if (measuring)
        histogram_add(latency);
}

static double seconds_since(uint64_t time)
{
    return (double)(clock_now() - time) * NANOSECOND;
}

static struct usage usage_now(void)
{
    return (struct usage){clock_now(), own_cpu_seconds(), server_cpu_seconds()};
}

static void wait_for_answers(void)
{
    connections_wait(TICK);
    if (in_flight && seconds_since(last_progress) > PATIENCE)
        fail("%llu answers are lost: none came for %d s",
             (unsigned long long)in_flight, PATIENCE);
}

static double set_up(void)
{
    uint64_t begin = last_progress = clock_now();
    while (ready < total) {
        while (opened < total && opened - ready < OPENING_AT_ONCE) {
            struct connection *connection = connection_at(opened++);
            connection_open(connection);
            mode->open(connection);
        }
        connections_wait(TICK);
        if (seconds_since(last_progress) > PATIENCE)
            fail("only %u of %u connections are ready", ready, total);
    }
    return seconds_since(begin);
}

static void start_load(void)
{
    sending = true;
    event_time = last_progress = clock_now();
    for (unsigned i = 0; i < total; i++)
        mode->start(connection_at(i));
    connections_flush();
}

/* At least `least` operations are measured, however long one takes. */
static void load_for(double seconds, uint64_t least)
{
    uint64_t begin = clock_now();
    while (seconds_since(begin) < seconds || (in_flight && histogram_count() < least))
        wait_for_answers();
}

static void print_result(double setup, struct usage begin, struct usage end,
                         struct memory before, struct memory after)
{
    double seconds = (double)(end.time - begin.time) * NANOSECOND;
    uint64_t operations = histogram_count();
    printf("{\"mode\": \"%s\", \"operations\": %llu, \"seconds\": %.4f", mode->name,
           (unsigned long long)operations, seconds);
    printf(", \"per_second\": %.1f", (double)operations / seconds);
    printf(", \"p50_us\": %.1f, \"p99_us\": %.1f",
           (double)histogram_quantile(0.5) / 1e3,
           (double)histogram_quantile(0.99) / 1e3);
    printf(", \"load_cpu_seconds\": %.6f, \"server_cpu_seconds\": %.6f",
           end.own_cpu - begin.own_cpu, end.server_cpu - begin.server_cpu);
    printf(", \"setup_seconds\": %.3f, \"connections\": %u", setup, total);
    printf(", \"rss_before_kb\": %ld, \"rss_after_kb\": %ld, \"rss_peak_kb\": %ld}\n",
           before.now, after.now, after.peak);
}

void run_phases(void)
{
    total = mode->prepare();
    struct memory before = server_memory();
    double setup = set_up();
    start_load();
    load_for(options.warm_up, 0);
    struct usage begin = usage_now();
    measuring = true;
    load_for(options.seconds, 1);
    measuring = false;
    struct usage end = usage_now();
    struct memory after = server_memory();
    sending = false;
    while (in_flight)
        wait_for_answers();
    print_result(setup, begin, end, before, after);
}
