/* Bytes that grow at the end and are taken from the front. */
#ifndef BUFFER_H
#define BUFFER_H

#include <stddef.h>
#include <stdint.h>

struct buffer {
    uint8_t *bytes;
    size_t size;
    size_t capacity;
};

/* Room for `more` bytes; where they go. `size` is the caller's to raise. */
uint8_t *buffer_reserve(struct buffer *buffer, size_t more);
void buffer_append(struct buffer *buffer, const void *bytes, size_t size);
void buffer_append_byte(struct buffer *buffer, uint8_t byte);
/* Remove the first `size` bytes. */
void buffer_take(struct buffer *buffer, size_t size);

/* Memory of zeros; the program ends when there is none. */
void *allocate(size_t count, size_t size);

#endif
