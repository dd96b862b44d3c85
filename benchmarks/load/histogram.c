#include "histogram.h"

/* Values below STEPS are counted exactly; above, each power of two has STEPS. */
enum { STEP_BITS = 6, STEPS = 1 << STEP_BITS, POWERS = 64 - STEP_BITS + 1 };

static uint64_t counts[POWERS * STEPS];
static uint64_t total;

static unsigned slot_of(uint64_t value)
{
    if (value < STEPS)
        return (unsigned)value;
    unsigned power = 63 - (unsigned)__builtin_clzll(value) - STEP_BITS;
    return (power + 1) * STEPS + (unsigned)((value >> power) & (STEPS - 1));
}

static uint64_t least_of(unsigned slot)
{
    if (slot < STEPS)
        return slot;
    unsigned power = slot / STEPS - 1;
    return (uint64_t)(STEPS + slot % STEPS) << power;
}

void histogram_add(uint64_t nanoseconds)
{
    counts[slot_of(nanoseconds)]++;
    total++;
}

uint64_t histogram_count(void)
{
    return total;
}

uint64_t histogram_quantile(double share)
{
    uint64_t wanted = (uint64_t)(share * (double)total), seen = 0;
    for (unsigned slot = 0; slot < POWERS * STEPS; slot++) {
        seen += counts[slot];
        if (seen && seen >= wanted)
            return least_of(slot);
    }
    return 0;
}
