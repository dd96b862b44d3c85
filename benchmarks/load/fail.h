/* Every answer is checked, and the first wrong one ends the program: status 1. */
#ifndef FAIL_H
#define FAIL_H

#include <stddef.h>
#include <stdint.h>

enum { FAILED = 1, MISUSED = 2 };

_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, with the beginning of the bytes that are wrong. */
_Noreturn void fail_at(const uint8_t *bytes, size_t size, const char *problem);
/* The command line is wrong: status 2. */
_Noreturn void misuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
