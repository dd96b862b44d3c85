/* The first byte of something that is bytes-like: see first_byte.py. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

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
        byte = PyLong_FromLong(((const unsigned char *)view.buf)[0]);
    }
    PyBuffer_Release(&view);
    return byte;
}

static PyMethodDef methods[] = {
    {"first_byte", first_byte, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "wsocket.wamp._first_byte",
    .m_size = 0,
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit__first_byte(void)
{
    return PyModuleDef_Init(&definition);
}
