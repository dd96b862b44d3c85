#include "reader.h"

#include <stdbool.h>
#include <string.h>

#include "fail.h"
#include "msgpack.h"
#include "options.h"

static const uint8_t *begin, *at, *end;

void read_from(const uint8_t *bytes, size_t size)
{
    begin = at = bytes;
    end = bytes + size;
}

void fail_reading(const char *problem)
{
    fail_at(begin, (size_t)(end - begin), problem);
}

static bool json(void)
{
    return options.serializer == JSON;
}

static uint8_t next_byte(void)
{
    if (at == end)
        fail_reading("a message that ends too early");
    return *at++;
}

static const uint8_t *take(uint64_t size)
{
    const uint8_t *taken = at;
    if (size > (uint64_t)(end - at))
        fail_reading("a message that ends too early");
    at += size;
    return taken;
}

static uint64_t big_endian(unsigned bytes)
{
    const uint8_t *taken = take(bytes);
    uint64_t value = 0;
    while (bytes--)
        value = value << 8 | *taken++;
    return value;
}

/* JSON: what is between values. */
static void json_advance(void)
{
    while (at < end && (*at == ' ' || *at == ',' || *at == ':' || *at == '\n'))
        at++;
}

static void json_expect(uint8_t byte)
{
    json_advance();
    if (next_byte() != byte)
        fail_reading("a message of another structure than expected");
}

static struct slice json_text(void)
{
    const uint8_t *first, *quote;
    json_expect('"');
    for (first = at;; at = quote + 1) {
        quote = memchr(at, '"', (size_t)(end - at));
        if (!quote)
            fail_reading("a text that does not end");
        unsigned backslashes = 0;
        while (quote - backslashes > first && quote[-1 - (int)backslashes] == '\\')
            backslashes++;
        if (backslashes % 2 == 0)
            break;
    }
    at = quote + 1;
    return (struct slice){first, (size_t)(quote - first)};
}

static void json_skip_scalar(void)
{
    const uint8_t *first = at;
    while (at < end && *at != ',' && *at != ']' && *at != '}' && *at != ':')
        at++;
    if (at == first)
        fail_reading("a value is missing");
}

static void json_skip(void)
{
    unsigned depth = 0;
    do {
        json_advance();
        if (at == end)
            fail_reading("a message that ends too early");
        if (*at == '"') {
            json_text();
        } else if (*at == '[' || *at == '{') {
            at++;
            depth++;
        } else if (depth && (*at == ']' || *at == '}')) {
            at++;
            depth--;
        } else {
            json_skip_scalar();
        }
    } while (depth);
}

static uint64_t json_unsigned(void)
{
    uint64_t value = 0;
    json_advance();
    const uint8_t *first = at;
    while (at < end && *at >= '0' && *at <= '9')
        value = value * 10 + (uint64_t)(*at++ - '0');
    if (at == first)
        fail_reading("a number was expected");
    return value;
}

static uint64_t msgpack_unsigned(void)
{
    uint8_t type = next_byte();
    if (type <= MAX_FIX_UNSIGNED)
        return type;
    switch (type) {
    case UNSIGNED_8:
    case SIGNED_8:
        return big_endian(1);
    case UNSIGNED_16:
    case SIGNED_16:
        return big_endian(2);
    case UNSIGNED_32:
    case SIGNED_32:
        return big_endian(4);
    case UNSIGNED_64:
    case SIGNED_64:
        return big_endian(8);
    default:
        fail_reading("a number was expected");
    }
}

static struct slice msgpack_text(void)
{
    uint8_t type = next_byte();
    uint64_t size;
    if ((type & ~MAX_FIX_TEXT) == FIX_TEXT)
        size = type & MAX_FIX_TEXT;
    else if (type == TEXT_8)
        size = big_endian(1);
    else if (type == TEXT_16)
        size = big_endian(2);
    else if (type == TEXT_32)
        size = big_endian(4);
    else
        fail_reading("a text was expected");
    return (struct slice){take(size), size};
}

/* Bytes that follow the type byte of a value without items; -1: it has items. */
static int64_t msgpack_scalar_size(uint8_t type)
{
    if (type <= MAX_FIX_UNSIGNED || type >= MIN_FIX_NEGATIVE)
        return 0;
    if ((type & ~MAX_FIX_TEXT) == FIX_TEXT)
        return type & MAX_FIX_TEXT;
    switch (type) {
    case NIL:
    case FALSE:
    case TRUE:
        return 0;
    case UNSIGNED_8:
    case SIGNED_8:
        return 1;
    case UNSIGNED_16:
    case SIGNED_16:
        return 2;
    case UNSIGNED_32:
    case SIGNED_32:
    case FLOAT_32:
        return 4;
    case UNSIGNED_64:
    case SIGNED_64:
    case FLOAT_64:
        return 8;
    case BYTES_8:
    case TEXT_8:
        return (int64_t)big_endian(1);
    case BYTES_16:
    case TEXT_16:
        return (int64_t)big_endian(2);
    case BYTES_32:
    case TEXT_32:
        return (int64_t)big_endian(4);
    default:
        return -1;
    }
}

/* Items of a list, keys and values of a map. */
static uint64_t msgpack_items(uint8_t type)
{
    if ((type & ~MAX_FIX_COUNT) == FIX_LIST)
        return type & MAX_FIX_COUNT;
    if ((type & ~MAX_FIX_COUNT) == FIX_MAP)
        return 2 * (uint64_t)(type & MAX_FIX_COUNT);
    switch (type) {
    case LIST_16:
        return big_endian(2);
    case LIST_32:
        return big_endian(4);
    case MAP_16:
        return 2 * big_endian(2);
    case MAP_32:
        return 2 * big_endian(4);
    default:
        fail_reading("a value of an unknown type");
    }
}

static void msgpack_skip(void)
{
    for (uint64_t left = 1; left; left--) {
        uint8_t type = next_byte();
        int64_t size = msgpack_scalar_size(type);
        if (size < 0)
            left += msgpack_items(type);
        else
            take((uint64_t)size);
    }
}

void read_list(void)
{
    if (json()) {
        json_expect('[');
        return;
    }
    uint8_t type = next_byte();
    if ((type & ~MAX_FIX_COUNT) != FIX_LIST && type != LIST_16 && type != LIST_32)
        fail_reading("a list was expected");
    msgpack_items(type);
}

void read_end_of_list(void)
{
    if (json())
        json_expect(']');
}

uint64_t read_unsigned(void)
{
    return json() ? json_unsigned() : msgpack_unsigned();
}

struct slice read_text(void)
{
    return json() ? json_text() : msgpack_text();
}

void skip_value(void)
{
    if (json())
        json_skip();
    else
        msgpack_skip();
}

const uint8_t *read_position(void)
{
    if (json())
        json_advance();
    return at;
}
