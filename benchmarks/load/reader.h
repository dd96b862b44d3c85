/* Values in, from JSON or MessagePack; what is not as expected ends the program. */
#ifndef READER_H
#define READER_H

#include <stddef.h>
#include <stdint.h>

struct slice {
    const uint8_t *bytes;
    size_t size;
};

/* Start a message. */
void read_from(const uint8_t *bytes, size_t size);
/* The message as a whole, for what is wrong with it. */
_Noreturn void fail_reading(const char *problem);
void read_list(void);
void read_end_of_list(void);
uint64_t read_unsigned(void);
struct slice read_text(void); /* JSON: as it is written, without the quotes */
void skip_value(void);
/* Where the next value begins. */
const uint8_t *read_position(void);

#endif
