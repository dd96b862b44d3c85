#include "process.h"

#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "fail.h"
#include "options.h"

enum { PATH_SIZE = 64, LINE_SIZE = 256 };

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

double own_cpu_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

static double cpu_seconds_of(unsigned pid)
{
    clockid_t clock;
    struct timespec time;
    if (clock_getcpuclockid((pid_t)pid, &clock) || clock_gettime(clock, &time))
        fail("the server's process %u is gone", pid);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

double server_cpu_seconds(void)
{
    double sum = 0;
    for (unsigned i = 0; i < options.pid_count; i++)
        sum += cpu_seconds_of(options.pids[i]);
    return sum;
}

static FILE *open_status_of(unsigned pid)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "/proc/%u/status", pid);
    FILE *file = fopen(path, "r");
    if (!file)
        fail("the server's process %u is gone", pid);
    return file;
}

struct memory server_memory(void)
{
    struct memory sum = {0, 0};
    for (unsigned i = 0; i < options.pid_count; i++) {
        char line[LINE_SIZE];
        long kilobytes;
        FILE *file = open_status_of(options.pids[i]);
        while (fgets(line, sizeof line, file)) {
            if (sscanf(line, "VmRSS: %ld", &kilobytes) == 1)
                sum.now += kilobytes;
            else if (sscanf(line, "VmHWM: %ld", &kilobytes) == 1)
                sum.peak += kilobytes;
        }
        fclose(file);
    }
    return sum;
}
