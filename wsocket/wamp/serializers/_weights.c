/* What it costs to convert an encoded payload: see weights.py. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdint.h>
#include <string.h>

#include "_reader.h"

enum {
    PLAIN = 1,
    TEXT = 2,
    CBOR_TEXT = 3,
    FLOAT = 4,
    DECIMAL = 6, /* a number in JSON that may be hard to read */
    CONTAINER = 8,
    BINARY = 16,
    OBJECT = 16, /* a tag, an extension: Python calls a function */
    LARGE_EXPONENT = 200
};
enum { LONG = 15, HUGE_NUMBER = 32 }; /* characters of a number */

/* What a text costs more because JSON must escape some of it. */
static uint64_t
weight_of_escapes(const uint8_t *text, uint64_t size)
{
    uint64_t weight = 0;
    for (; size; size--, text++) {
        weight += *text < 0x20 ? 2 : *text == '"' || *text == '\\';
    }
    return weight / 8;
}

static uint64_t
weigh_json_string(struct reader *reader)
{
    static const char nul[] = "\\u0000"; /* marks a binary value */
    const uint64_t size = sizeof nul - 1;
    const uint8_t *text = reader->at;
    const int binary = (uint64_t)(reader->end - text) >= size && !memcmp(text, nul, size);
    while (text < reader->end && *text != '"') {
        text += *text == '\\' && reader->end - text > 1 ? 2 : 1;
    }
    reader->at = text < reader->end ? text + 1 : reader->end;
    return binary ? BINARY : TEXT;
}

static int
is_in_number(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || byte == 'E' ||
           byte == '.' || byte == '-' || byte == '+';
}

/* Weigh a number, or one of the words. */
static uint64_t
weigh_json_number(struct reader *reader)
{
    const uint8_t *const start = reader->at, *exponent = NULL;
    while (reader->at < reader->end && is_in_number(*reader->at)) {
        if ((*reader->at == 'e' || *reader->at == 'E') && start < reader->at) {
            exponent = reader->at;
        }
        reader->at++;
    }
    const uint64_t size = (uint64_t)(reader->at - start);
    uint64_t weight = size > LONG ? DECIMAL : PLAIN;
    if (exponent && *start != 't' && *start != 'f') {
        const int sign = exponent + 1 < reader->at && exponent[1] <= '-';
        const uint64_t digits = (uint64_t)(reader->at - exponent) - 1 - (uint64_t)sign;
        weight = digits > 2 ? LARGE_EXPONENT : DECIMAL;
    }
    return size > HUGE_NUMBER ? weight + size / 2 : weight;
}

static uint64_t
weigh_json(struct reader *reader)
{
    uint64_t weight = 0;
    while (reader->at < reader->end) {
        const uint8_t byte = *reader->at;
        if (is_in_number(byte)) {
            weight += weigh_json_number(reader);
            continue;
        }
        reader->at++;
        if (byte == '"') {
            weight += weigh_json_string(reader);
        }
        else if (byte == '[' || byte == '{') {
            weight += CONTAINER;
        }
    }
    return weight;
}

/* MessagePack from 0xC4 on: bytes of a size, bytes besides those that it says, weight */
static const struct {
    uint8_t width, more, weight;
} MSGPACK[] = {
    {1, 0, BINARY}, {2, 0, BINARY}, {4, 0, BINARY},
    {1, 1, OBJECT}, {2, 1, OBJECT}, {4, 1, OBJECT}, /* C7: extensions */
    {0, 4, FLOAT}, {0, 8, FLOAT},
    {0, 1, PLAIN}, {0, 2, PLAIN}, {0, 4, PLAIN}, {0, 8, PLAIN}, /* CC: integers */
    {0, 1, PLAIN}, {0, 2, PLAIN}, {0, 4, PLAIN}, {0, 8, PLAIN},
    {0, 2, OBJECT}, {0, 3, OBJECT}, {0, 5, OBJECT}, {0, 9, OBJECT}, {0, 17, OBJECT},
    {1, 0, TEXT}, {2, 0, TEXT}, {4, 0, TEXT},
    {0, 2, CONTAINER}, {0, 4, CONTAINER}, {0, 2, CONTAINER}, {0, 4, CONTAINER},
};

static uint64_t
weigh_msgpack(struct reader *reader)
{
    uint64_t weight = 0;
    while (reader->at < reader->end) {
        const uint8_t first = *reader->at++;
        uint64_t size = 0, more = 0, here = PLAIN;
        if (first >= 0xC4 && first < 0xE0) {
            const size_t form = first - 0xC4;
            here = MSGPACK[form].weight;
            more = MSGPACK[form].more;
            if (!read_number(reader, MSGPACK[form].width, &size)) {
                break;
            }
        }
        else if ((first & 0xE0) == 0xA0) {
            here = TEXT;
            size = first & 0x1F;
        }
        else if (first >= 0x80 && first < 0xA0) {
            here = CONTAINER; /* what is in it follows */
        }
        const uint8_t *const text = reader->at;
        weight += here;
        if (!skip(reader, size) || !skip(reader, more)) {
            break;
        }
        weight += here == TEXT ? weight_of_escapes(text, size) : 0;
    }
    return weight;
}

/* The size of the numbers in a typed array of CBOR (RFC 8746); 0 if it is none. */
static uint64_t
size_in_array(uint64_t tag)
{
    if (tag < 64 || tag > 87 || tag == 64 || tag == 68) {
        return 0;
    }
    return UINT64_C(1) << ((tag & 3) + (tag >= 80));
}

/* What an item weighs, by its first byte, besides what is in it. */
static uint64_t
weight_in_cbor(int kind, int form)
{
    if (kind < 2) {
        return PLAIN + (form == 27); /* of 64 bits */
    }
    if (kind < 4 && form != 31) {
        return kind == 2 ? BINARY : CBOR_TEXT;
    }
    if (kind == 4 || kind == 5) {
        return CONTAINER; /* what is in it follows */
    }
    if (kind < 7 || form < 20 || form == 24) {
        return OBJECT;
    }
    return form < 24 ? PLAIN : FLOAT;
}

static uint64_t
weigh_cbor(struct reader *reader)
{
    uint64_t weight = 0, in_array = 0;
    int in_pieces = 0;
    while (reader->at < reader->end) {
        const uint8_t first = *reader->at++;
        const int kind = first >> 5, form = first & 0x1F;
        uint64_t argument = (uint64_t)form;
        if (form >= 24 && form <= 27 &&
            !read_number(reader, 1 << (form - 24), &argument)) {
            break;
        }
        const uint8_t *const text = reader->at;
        const int sized = (kind == 2 || kind == 3) && form != 31;
        if (sized && !skip(reader, argument)) {
            break;
        }
        weight += weight_in_cbor(kind, form);
        if (kind == 3 && sized) {
            weight += weight_of_escapes(text, argument);
        }
        else if (kind == 2 && sized && in_array) {
            weight += argument / in_array * FLOAT;
        }
        else if (kind == 6 && size_in_array(argument)) {
            in_array = size_in_array(argument);
        }
        in_pieces = (in_pieces || (kind == 2 && form == 31)) && first != 0xFF;
        if (!in_pieces && kind != 6) {
            in_array = 0;
        }
    }
    return weight;
}

static PyObject *
weigh_with(PyObject *part, uint64_t (*weigh)(struct reader *))
{
    Py_buffer view;
    if (PyObject_GetBuffer(part, &view, PyBUF_SIMPLE) < 0) {
        return NULL;
    }
    struct reader reader = {view.buf, (const uint8_t *)view.buf + view.len};
    const uint64_t found = weigh(&reader);
    PyBuffer_Release(&view);
    return PyLong_FromUnsignedLongLong(found);
}

static PyObject *
weight_of_json(PyObject *module, PyObject *part)
{
    (void)module;
    return weigh_with(part, weigh_json);
}

static PyObject *
weight_of_msgpack(PyObject *module, PyObject *part)
{
    (void)module;
    return weigh_with(part, weigh_msgpack);
}

static PyObject *
weight_of_cbor(PyObject *module, PyObject *part)
{
    (void)module;
    return weigh_with(part, weigh_cbor);
}

static PyMethodDef methods[] = {
    {"weight_of_cbor", weight_of_cbor, METH_O, NULL},
    {"weight_of_json", weight_of_json, METH_O, NULL},
    {"weight_of_msgpack", weight_of_msgpack, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "wsocket.wamp.serializers._weights",
    .m_size = 0,
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit__weights(void)
{
    return PyModuleDef_Init(&definition);
}
