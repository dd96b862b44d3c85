/* Reading and writing sockets that never block: see socket_io.py.

   The interpreter is kept throughout: none of these calls waits, and whoever
   gives the interpreter away beside a busy thread gets it back in 5 ms. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <errno.h>
#include <sys/socket.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* there Python ignores SIGPIPE */
#endif

enum { READ_SIZE = 65536 };

/* The descriptor of a socket; -1 and an OSError when it is closed. */
static int
descriptor_of(PyObject *sock)
{
    const int descriptor = PyObject_AsFileDescriptor(sock);
    if (descriptor < 0 && PyErr_ExceptionMatches(PyExc_ValueError)) {
        PyErr_Clear();
        errno = EBADF;
        PyErr_SetFromErrno(PyExc_OSError);
    }
    return descriptor;
}

/* Whether the call that has just failed may be made again when the loop says so. */
static int
is_for_later(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static PyObject *
receive(PyObject *module, PyObject *sock)
{
    (void)module;
    char buffer[READ_SIZE];
    const int descriptor = descriptor_of(sock);
    if (descriptor < 0) {
        return NULL;
    }
    const ssize_t received = recv(descriptor, buffer, READ_SIZE, MSG_DONTWAIT);
    if (received >= 0) {
        return PyBytes_FromStringAndSize(buffer, received);
    }
    if (is_for_later()) {
        Py_RETURN_NONE;
    }
    return PyErr_SetFromErrno(PyExc_OSError);
}

static PyObject *
send_(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "expected (socket, bytes)");
        return NULL;
    }
    const int descriptor = descriptor_of(args[0]);
    Py_buffer data;
    if (descriptor < 0 || PyObject_GetBuffer(args[1], &data, PyBUF_SIMPLE) < 0) {
        return NULL;
    }
    const int flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    ssize_t sent = send(descriptor, data.buf, (size_t)data.len, flags);
    if (sent < 0) {
        if (is_for_later()) {
            sent = 0;
        }
        else {
            PyErr_SetFromErrno(PyExc_OSError);
        }
    }
    PyBuffer_Release(&data);
    return sent < 0 ? NULL : PyLong_FromSsize_t(sent);
}

static PyMethodDef methods[] = {
    {"receive", receive, METH_O, NULL},
    {"send", (PyCFunction)(void (*)(void))send_, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "wsocket.core.net._socket_io",
    .m_size = 0,
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit__socket_io(void)
{
    return PyModuleDef_Init(&definition);
}
