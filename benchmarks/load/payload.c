#include "payload.h"

#include <string.h>

#include "buffer.h"
#include "options.h"

static char *text;

void payload_prepare(void)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    text = allocate(options.size + 1, 1);
    for (size_t i = 0; i < options.size; i++)
        text[i] = letters[i % (sizeof letters - 1)];
}

char *payload_text(void)
{
    return text;
}

void read_payload(void)
{
    struct slice slice = read_text();
    if (slice.size != options.size || memcmp(slice.bytes, text, slice.size) != 0)
        fail_reading("another payload than was sent");
}
