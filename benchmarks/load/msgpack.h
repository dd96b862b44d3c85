/* The type bytes of MessagePack. */
#ifndef MSGPACK_H
#define MSGPACK_H

enum {
    MAX_FIX_UNSIGNED = 0x7f,
    FIX_MAP = 0x80,
    FIX_LIST = 0x90,
    FIX_TEXT = 0xa0,
    MAX_FIX_COUNT = 0x0f, /* items of a list, pairs of a map */
    MAX_FIX_TEXT = 0x1f,  /* bytes */
    NIL = 0xc0,
    FALSE = 0xc2,
    TRUE = 0xc3,
    BYTES_8 = 0xc4,
    BYTES_16 = 0xc5,
    BYTES_32 = 0xc6,
    FLOAT_32 = 0xca,
    FLOAT_64 = 0xcb,
    UNSIGNED_8 = 0xcc,
    UNSIGNED_16 = 0xcd,
    UNSIGNED_32 = 0xce,
    UNSIGNED_64 = 0xcf,
    SIGNED_8 = 0xd0,
    SIGNED_16 = 0xd1,
    SIGNED_32 = 0xd2,
    SIGNED_64 = 0xd3,
    TEXT_8 = 0xd9,
    TEXT_16 = 0xda,
    TEXT_32 = 0xdb,
    LIST_16 = 0xdc,
    LIST_32 = 0xdd,
    MAP_16 = 0xde,
    MAP_32 = 0xdf,
    MIN_FIX_NEGATIVE = 0xe0,
};

#endif
