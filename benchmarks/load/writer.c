#include "writer.h"

#include <stdbool.h>
#include <string.h>

#include "buffer.h"
#include "msgpack.h"
#include "options.h"

enum { MAX_DIGITS = 20 };

static struct buffer *out;
static bool follows; /* JSON: the next value needs a comma before it */

void write_to(struct buffer *target)
{
    out = target;
    follows = false;
}

static bool json(void)
{
    return options.serializer == JSON;
}

static void json_open(uint8_t bracket)
{
    if (follows)
        buffer_append_byte(out, ',');
    buffer_append_byte(out, bracket);
    follows = false;
}

static void json_close(uint8_t bracket)
{
    buffer_append_byte(out, bracket);
    follows = true;
}

static void json_separate(void)
{
    if (follows)
        buffer_append_byte(out, ',');
    follows = true;
}

static void put_big_endian(uint8_t type, uint64_t value, unsigned bytes)
{
    uint8_t *at = buffer_reserve(out, 1 + bytes);
    *at++ = type;
    out->size += 1 + bytes;
    while (bytes--)
        *at++ = (uint8_t)(value >> (8 * bytes));
}

void write_list(unsigned count)
{
    if (json())
        json_open('[');
    else
        buffer_append_byte(out, (uint8_t)(FIX_LIST | count));
}

void write_end_of_list(void)
{
    if (json())
        json_close(']');
}

void write_map(unsigned pairs)
{
    if (json())
        json_open('{');
    else
        buffer_append_byte(out, (uint8_t)(FIX_MAP | pairs));
}

void write_key(const char *name)
{
    write_string(name);
    if (json()) {
        buffer_append_byte(out, ':');
        follows = false;
    }
}

void write_end_of_map(void)
{
    if (json())
        json_close('}');
}

static void json_unsigned(uint64_t value)
{
    char digits[MAX_DIGITS];
    unsigned first = MAX_DIGITS;
    json_separate();
    do
        digits[--first] = (char)('0' + value % 10);
    while (value /= 10);
    buffer_append(out, digits + first, MAX_DIGITS - first);
}

void write_unsigned(uint64_t value)
{
    if (json())
        json_unsigned(value);
    else if (value <= MAX_FIX_UNSIGNED)
        buffer_append_byte(out, (uint8_t)value);
    else if (value <= UINT8_MAX)
        put_big_endian(UNSIGNED_8, value, 1);
    else if (value <= UINT16_MAX)
        put_big_endian(UNSIGNED_16, value, 2);
    else if (value <= UINT32_MAX)
        put_big_endian(UNSIGNED_32, value, 4);
    else
        put_big_endian(UNSIGNED_64, value, 8);
}

static void msgpack_text_head(size_t size)
{
    if (size <= MAX_FIX_TEXT)
        buffer_append_byte(out, (uint8_t)(FIX_TEXT | size));
    else if (size <= UINT8_MAX)
        put_big_endian(TEXT_8, size, 1);
    else if (size <= UINT16_MAX)
        put_big_endian(TEXT_16, size, 2);
    else
        put_big_endian(TEXT_32, size, 4);
}

void write_text(const char *text, size_t size)
{
    if (json()) {
        json_separate();
        buffer_append_byte(out, '"');
        buffer_append(out, text, size);
        buffer_append_byte(out, '"');
    } else {
        msgpack_text_head(size);
        buffer_append(out, text, size);
    }
}

void write_string(const char *text)
{
    write_text(text, strlen(text));
}

void write_raw(const uint8_t *bytes, size_t size)
{
    if (json())
        json_separate();
    buffer_append(out, bytes, size);
}
