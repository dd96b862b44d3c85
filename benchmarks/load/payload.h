/* The payload of --size bytes that goes out and must come back. */
#ifndef PAYLOAD_H
#define PAYLOAD_H

#include <stdint.h>

#include "reader.h"

void payload_prepare(void);
/* Room for --size bytes: printable ASCII that needs no escaping. */
char *payload_text(void);
/* Read a text that must be the payload. */
void read_payload(void);

#endif
