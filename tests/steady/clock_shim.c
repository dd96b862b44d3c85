/* A clock that tests set, for one process: LD_PRELOAD=clock_shim.so

   The file CLOCK_FILE is mapped. Its first eight bytes are seconds, a signed number of
   this machine, which are added to the time of day. No other clock is changed. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile const int64_t *ahead;
static int (*real_clock)(clockid_t, struct timespec *);

__attribute__((constructor)) static void begin(void)
{
    const char *name = getenv("CLOCK_FILE");
    int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    void *at = file < 0 ? MAP_FAILED
                        : mmap(NULL, sizeof *ahead, PROT_READ, MAP_SHARED, file, 0);
    if (file >= 0)
        close(file);
    if (at == MAP_FAILED)
        abort();
    ahead = at;
    real_clock = dlsym(RTLD_NEXT, "clock_gettime");
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (!real_clock) /* before the constructor */
        real_clock = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real_clock(clock, now);
    if (result == 0 && ahead
        && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += *ahead;
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec found;
    (void)zone;
    int result = clock_gettime(CLOCK_REALTIME, &found);
    if (result == 0) {
        now->tv_sec = found.tv_sec;
        now->tv_usec = found.tv_nsec / 1000;
    }
    return result;
}

time_t time(time_t *where)
{
    struct timespec found;
    if (clock_gettime(CLOCK_REALTIME, &found) != 0)
        return (time_t)-1;
    if (where)
        *where = found.tv_sec;
    return found.tv_sec;
}

/* Python 3.10 waits for locks until a time of day. The kernel does not know ours. */
int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict until)
{
    static int (*real_wait)(sem_t *, const struct timespec *);
    if (!real_wait)
        real_wait = dlsym(RTLD_NEXT, "sem_timedwait");
    struct timespec known = *until;
    known.tv_sec -= *ahead;
    return real_wait(semaphore, &known);
}
