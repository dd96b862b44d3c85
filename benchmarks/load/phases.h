/* From the first connection to the last answer: set up, warm up, measure, drain. */
#ifndef PHASES_H
#define PHASES_H

#include <stdbool.h>
#include <stdint.h>

/* A connection is set up. */
void became_ready(void);
/* Setting up goes on. */
void made_progress(void);
/* Whether new operations may be started. */
bool may_send(void);
/* Operations were started; one of them has ended well, after so many nanoseconds. */
void started(unsigned operations);
void completed(uint64_t latency);

/* Do it all, and print the result. */
void run_phases(void);

#endif
