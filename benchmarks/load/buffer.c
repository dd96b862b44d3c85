#include "buffer.h"

#include <stdlib.h>
#include <string.h>

#include "fail.h"

enum { FIRST_CAPACITY = 512 };

uint8_t *buffer_reserve(struct buffer *buffer, size_t more)
{
    size_t needed = buffer->size + more;
    if (needed > buffer->capacity) {
        size_t capacity = buffer->capacity ? buffer->capacity : FIRST_CAPACITY;
        while (capacity < needed)
            capacity *= 2;
        buffer->bytes = realloc(buffer->bytes, capacity);
        if (!buffer->bytes)
            fail("out of memory: %zu bytes", capacity);
        buffer->capacity = capacity;
    }
    return buffer->bytes + buffer->size;
}

void buffer_append(struct buffer *buffer, const void *bytes, size_t size)
{
    memcpy(buffer_reserve(buffer, size), bytes, size);
    buffer->size += size;
}

void buffer_append_byte(struct buffer *buffer, uint8_t byte)
{
    *buffer_reserve(buffer, 1) = byte;
    buffer->size++;
}

void buffer_take(struct buffer *buffer, size_t size)
{
    if (!size)
        return;
    buffer->size -= size;
    memmove(buffer->bytes, buffer->bytes + size, buffer->size);
}

void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size);
    if (!memory)
        fail("out of memory: %zu times %zu bytes", count, size);
    return memory;
}
