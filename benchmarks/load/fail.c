#include "fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { SHOWN_BYTES = 200 };

static _Noreturn void end(int status, const char *format, va_list arguments)
{
    fputs("wsload: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    exit(status);
}

void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    end(FAILED, format, arguments);
}

void misuse(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    end(MISUSED, format, arguments);
}

void fail_at(const uint8_t *bytes, size_t size, const char *problem)
{
    char shown[SHOWN_BYTES + 1];
    size_t count = size < SHOWN_BYTES ? size : SHOWN_BYTES;
    for (size_t i = 0; i < count; i++)
        shown[i] = bytes[i] >= ' ' && bytes[i] <= '~' ? (char)bytes[i] : '.';
    shown[count] = 0;
    fail("%s, %zu bytes: %s", problem, size, shown);
}
