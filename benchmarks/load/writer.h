/* Values out, in JSON or MessagePack; texts are ASCII that needs no escaping. */
#ifndef WRITER_H
#define WRITER_H

#include <stddef.h>
#include <stdint.h>

struct buffer;

/* Start a message: what follows goes to the end of `target`. */
void write_to(struct buffer *target);
void write_list(unsigned count);
void write_end_of_list(void);
void write_map(unsigned pairs);
void write_key(const char *name);
void write_end_of_map(void);
void write_unsigned(uint64_t value);
void write_text(const char *text, size_t size);
void write_string(const char *text); /* ends with a NUL */
/* A value as it was read, in the same serializer. */
void write_raw(const uint8_t *bytes, size_t size);

#endif
