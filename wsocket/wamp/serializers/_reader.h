/* Reading an encoded payload from its beginning to its end. */

#ifndef WSOCKET_READER_H
#define WSOCKET_READER_H

#include <stdint.h>

/* Bytes that are left to read. */
struct reader {
    const uint8_t *at, *end;
};

static int
skip(struct reader *reader, uint64_t size)
{
    if (size > (uint64_t)(reader->end - reader->at)) {
        return 0;
    }
    reader->at += size;
    return 1;
}

/* Read a big-endian number. */
static int
read_number(struct reader *reader, int width, uint64_t *number)
{
    const uint8_t *const from = reader->at;
    *number = 0;
    if (!skip(reader, (uint64_t)width)) {
        return 0;
    }
    for (int index = 0; index < width; index++) {
        *number = *number << 8 | from[index];
    }
    return 1;
}

#endif
