/* Plain frames: whole, unfragmented, uncompressed messages (RFC 6455 section 5), and
 * masking (section 5.3).
 *
 * The same functions as in unmasking.py, which documents them and has the version
 * for where this one was not built. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdint.h>
#include <string.h>

enum { FIN = 0x80, RSV1 = 0x40, MASKED = 0x80, TEXT = 0x1, BINARY = 0x2 };
enum { SHORT_LIMIT = 126, LENGTH_16 = 126, LENGTH_64 = 127 };
enum { HEADER = 2, MASK = 4 };

#define HIGH_BITS UINT64_C(0x8080808080808080)

/* Unmask size bytes; returns whether one of them is not ASCII. */
static int
unmask(const uint8_t *from, uint8_t *to, Py_ssize_t size, const uint8_t *mask)
{
    uint32_t four;
    memcpy(&four, mask, MASK);
    const uint64_t eight = (uint64_t)four << 32 | four;
    uint64_t seen = 0;
    Py_ssize_t done = 0;
    for (; done + 8 <= size; done += 8) {
        uint64_t chunk;
        memcpy(&chunk, from + done, 8);
        chunk ^= eight;
        seen |= chunk;
        memcpy(to + done, &chunk, 8);
    }
    for (; done < size; done++) {
        const uint8_t byte = from[done] ^ mask[done & 3];
        seen |= byte;
        to[done] = byte;
    }
    return (seen & HIGH_BITS) != 0;
}

static PyObject *
apply_mask(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (count != 2 || !PyBytes_Check(args[1]) || PyBytes_GET_SIZE(args[1]) != MASK) {
        PyErr_SetString(PyExc_TypeError, "expected (a buffer, a mask of 4 bytes)");
        return NULL;
    }
    Py_buffer data;
    if (PyObject_GetBuffer(args[0], &data, PyBUF_SIMPLE) < 0) {
        return NULL;
    }
    PyObject *const masked = PyBytes_FromStringAndSize(NULL, data.len);
    if (masked != NULL) {
        unmask(data.buf, (uint8_t *)PyBytes_AS_STRING(masked), data.len,
               (const uint8_t *)PyBytes_AS_STRING(args[1]));
    }
    PyBuffer_Release(&data);
    return masked;
}

static PyObject *
binary_message(const uint8_t *payload, Py_ssize_t size, const uint8_t *mask)
{
    PyObject *message = PyBytes_FromStringAndSize(NULL, size);
    if (message != NULL) {
        unmask(payload, (uint8_t *)PyBytes_AS_STRING(message), size, mask);
    }
    return message;
}

static PyObject *
text_message(const uint8_t *payload, Py_ssize_t size, const uint8_t *mask)
{
    if (size == 0) {
        return PyUnicode_New(0, 127);
    }
    /* Most text is ASCII, and then this is the message already. */
    PyObject *ascii = PyUnicode_New(size, 127);
    if (ascii == NULL) {
        return NULL;
    }
    uint8_t *const bytes = (uint8_t *)PyUnicode_1BYTE_DATA(ascii);
    if (!unmask(payload, bytes, size, mask)) {
        return ascii;
    }
    PyObject *message = PyUnicode_DecodeUTF8((const char *)bytes, size, "strict");
    Py_DECREF(ascii);
    return message;
}

/* The payload length and start of a plain message at frame, of which there are
 * available bytes; -1 for anything that is unusual, incomplete or wrong. */
static Py_ssize_t
payload_length(const uint8_t *frame, Py_ssize_t available, Py_ssize_t *start)
{
    if (frame[0] != (FIN | TEXT) && frame[0] != (FIN | BINARY)) {
        return -1;
    }
    Py_ssize_t length = frame[1] - MASKED;
    Py_ssize_t header = HEADER;
    if (length < 0 || length == LENGTH_64) {
        return -1;
    }
    if (length == LENGTH_16) {
        length = frame[2] << 8 | frame[3];
        header += 2;
        if (length < SHORT_LIMIT) {
            return -1;
        }
    }
    *start = header + MASK;
    return *start + length <= available ? length : -1;
}

static PyObject *
take_messages(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (count != 5 || !PyBytes_Check(args[0]) || !PyList_Check(args[3])) {
        PyErr_SetString(PyExc_TypeError, "expected (bytes, int, int, list, int)");
        return NULL;
    }
    const uint8_t *const data = (const uint8_t *)PyBytes_AS_STRING(args[0]);
    const Py_ssize_t end = PyBytes_GET_SIZE(args[0]);
    Py_ssize_t pos = PyLong_AsSsize_t(args[1]);
    const Py_ssize_t limit = PyLong_AsSsize_t(args[2]);
    const Py_ssize_t most = PyLong_AsSsize_t(args[4]);
    if (PyErr_Occurred()) {
        return NULL;
    }
    while (pos >= 0 && end - pos >= HEADER + MASK && PyList_GET_SIZE(args[3]) < most) {
        Py_ssize_t start;
        const uint8_t *const frame = data + pos;
        const Py_ssize_t length = payload_length(frame, end - pos, &start);
        if (length < 0 || length > limit) {
            break;
        }
        const uint8_t *const payload = frame + start;
        PyObject *message = frame[0] == (FIN | TEXT)
                                ? text_message(payload, length, payload - MASK)
                                : binary_message(payload, length, payload - MASK);
        if (message == NULL) {
            return NULL;
        }
        const int failed = PyList_Append(args[3], message);
        Py_DECREF(message);
        if (failed) {
            return NULL;
        }
        pos += start + length;
    }
    return PyLong_FromSsize_t(pos);
}

/* Write the header of an unmasked frame; returns its size. */
static Py_ssize_t
write_header(uint8_t *header, uint8_t first, Py_ssize_t length)
{
    header[0] = first;
    if (length < SHORT_LIMIT) {
        header[1] = (uint8_t)length;
        return HEADER;
    }
    const int width = length < 1 << 16 ? 2 : 8;
    header[1] = width == 2 ? LENGTH_16 : LENGTH_64;
    for (int index = 0; index < width; index++) {
        header[HEADER + index] = (uint8_t)((uint64_t)length >> 8 * (width - 1 - index));
    }
    return HEADER + width;
}

static PyObject *
encode_unmasked(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (count != 2 || !PyBytes_Check(args[1])) {
        PyErr_SetString(PyExc_TypeError, "expected (int, bytes)");
        return NULL;
    }
    const long first = PyLong_AsLong(args[0]);
    if (first == -1 && PyErr_Occurred()) {
        return NULL;
    }
    const Py_ssize_t length = PyBytes_GET_SIZE(args[1]);
    uint8_t header[HEADER + 8];
    const Py_ssize_t size = write_header(header, (uint8_t)first, length);
    PyObject *frame = PyBytes_FromStringAndSize(NULL, size + length);
    if (frame != NULL) {
        char *const bytes = PyBytes_AS_STRING(frame);
        memcpy(bytes, header, (size_t)size);
        memcpy(bytes + size, PyBytes_AS_STRING(args[1]), (size_t)length);
    }
    return frame;
}

static PyMethodDef methods[] = {
    {"apply_mask", (PyCFunction)(void (*)(void))apply_mask, METH_FASTCALL, NULL},
    {"take_messages", (PyCFunction)(void (*)(void))take_messages, METH_FASTCALL, NULL},
    {"encode_unmasked", (PyCFunction)(void (*)(void))encode_unmasked, METH_FASTCALL,
     NULL},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "wsocket.core.websocket._unmasking",
    .m_size = 0,
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit__unmasking(void)
{
    return PyModuleDef_Init(&definition);
}
