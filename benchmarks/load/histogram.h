/* Latencies, in nanoseconds, with a resolution of 1.6 %. */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>

void histogram_add(uint64_t nanoseconds);
uint64_t histogram_count(void);
/* The value that `share` (0 to 1) of all values do not exceed; 0 without values. */
uint64_t histogram_quantile(double share);

#endif
