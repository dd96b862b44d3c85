/* Cheap checks on encoded payloads, which are bytes-like: see payload_parts.py. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdint.h>
#include <string.h>

#include "_reader.h"

#define HIGH_BITS UINT64_C(0x8080808080808080)

enum { DEEPEST = 32 }; /* levels of lists and dicts; deeper is not plain */

static int is_plain_value(struct reader *reader, int depth);

static int
is_ascii(const uint8_t *text, uint64_t size)
{
    uint64_t seen = 0;
    for (; size >= 8; text += 8, size -= 8) {
        uint64_t chunk;
        memcpy(&chunk, text, 8);
        seen |= chunk;
    }
    for (; size; size--) {
        seen |= *text++;
    }
    return (seen & HIGH_BITS) == 0;
}

static int
is_plain_string(struct reader *reader, uint64_t size)
{
    const uint8_t *const text = reader->at;
    if (!skip(reader, size)) {
        return 0;
    }
    if (is_ascii(text, size)) {
        return 1;
    }
    PyObject *decoded = PyUnicode_DecodeUTF8((const char *)text, (Py_ssize_t)size, NULL);
    if (decoded == NULL) {
        PyErr_Clear(); /* not UTF-8, or no memory to find out */
        return 0;
    }
    Py_DECREF(decoded);
    return 1;
}

static int
is_plain_list(struct reader *reader, uint64_t length, int depth)
{
    for (; length; length--) {
        if (!is_plain_value(reader, depth + 1)) {
            return 0;
        }
    }
    return 1;
}

/* Whether a byte is the first of a string. */
static int
begins_string(uint8_t first)
{
    return (first & 0xE0) == 0xA0 || (first >= 0xD9 && first <= 0xDB);
}

static int
is_plain_dict(struct reader *reader, uint64_t length, int depth)
{
    for (; length; length--) {
        if (reader->at == reader->end || !begins_string(*reader->at) ||
            !is_plain_value(reader, depth + 1) || !is_plain_value(reader, depth + 1)) {
            return 0;
        }
    }
    return 1;
}

/* Whether what begins with `first` and says its size or length is plain. */
static int
is_plain_sized(struct reader *reader, uint8_t first, int depth)
{
    static const struct {
        uint8_t first, width;
    } forms[] = {
        {0xC4, 1}, {0xC5, 2}, {0xC6, 4}, /* binary */
        {0xD9, 1}, {0xDA, 2}, {0xDB, 4}, /* string */
        {0xDC, 2}, {0xDD, 4},            /* list */
        {0xDE, 2}, {0xDF, 4},            /* dict */
    };
    for (size_t index = 0; index < sizeof forms / sizeof *forms; index++) {
        uint64_t size;
        if (forms[index].first != first) {
            continue;
        }
        if (!read_number(reader, forms[index].width, &size)) {
            return 0;
        }
        if (first >= 0xDE) {
            return is_plain_dict(reader, size, depth);
        }
        if (first >= 0xDC) {
            return is_plain_list(reader, size, depth);
        }
        return first >= 0xD9 ? is_plain_string(reader, size) : skip(reader, size);
    }
    return 0; /* an extension, or nothing that there is */
}

static int
is_plain_value(struct reader *reader, int depth)
{
    if (depth > DEEPEST || reader->at == reader->end) {
        return 0;
    }
    const uint8_t first = *reader->at++;
    if (first < 0x80 || first >= 0xE0 || first == 0xC0 || first == 0xC2 ||
        first == 0xC3) {
        return 1; /* a small number, null, false, true */
    }
    if (first < 0x90) {
        return is_plain_dict(reader, first & 0x0F, depth);
    }
    if (first < 0xA0) {
        return is_plain_list(reader, first & 0x0F, depth);
    }
    if (first < 0xC0) {
        return is_plain_string(reader, first & 0x1F);
    }
    if (first == 0xCA || first == 0xCB) {
        return skip(reader, first == 0xCA ? 4 : 8); /* floats */
    }
    if (first >= 0xCC && first <= 0xD3) {
        return skip(reader, UINT64_C(1) << (first & 3)); /* integers */
    }
    return is_plain_sized(reader, first, depth);
}

static PyObject *
is_plain_msgpack(PyObject *module, PyObject *part)
{
    (void)module;
    Py_buffer view;
    if (PyObject_GetBuffer(part, &view, PyBUF_SIMPLE) < 0) {
        return NULL;
    }
    struct reader reader = {view.buf, (const uint8_t *)view.buf + view.len};
    const int plain = is_plain_value(&reader, 0) && reader.at == reader.end;
    PyBuffer_Release(&view);
    return PyBool_FromLong(plain);
}

static PyObject *
first_byte(PyObject *module, PyObject *part)
{
    (void)module;
    Py_buffer view;
    if (PyObject_GetBuffer(part, &view, PyBUF_SIMPLE) < 0) {
        return NULL;
    }
    PyObject *byte = NULL;
    if (view.len == 0) {
        PyErr_SetString(PyExc_IndexError, "there is no first byte");
    }
    else {
        byte = PyLong_FromLong(((const uint8_t *)view.buf)[0]);
    }
    PyBuffer_Release(&view);
    return byte;
}

static PyObject *
size_of(PyObject *module, PyObject *part)
{
    (void)module;
    Py_buffer view;
    if (PyObject_GetBuffer(part, &view, PyBUF_SIMPLE) < 0) {
        return NULL;
    }
    PyObject *size = PyLong_FromSsize_t(view.len);
    PyBuffer_Release(&view);
    return size;
}

static PyMethodDef methods[] = {
    {"first_byte", first_byte, METH_O, NULL},
    {"is_plain_msgpack", is_plain_msgpack, METH_O, NULL},
    {"size_of", size_of, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "wsocket.wamp.serializers._payload_parts",
    .m_size = 0,
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit__payload_parts(void)
{
    return PyModuleDef_Init(&definition);
}
