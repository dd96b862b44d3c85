/* What the work says to callgrind: when to count, and when to write down.
 *
 * Outside valgrind these requests do nothing.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <valgrind/callgrind.h>

static PyObject *start(PyObject *self, PyObject *unused) {
    CALLGRIND_START_INSTRUMENTATION;
    CALLGRIND_ZERO_STATS;
    Py_RETURN_NONE;
}

static PyObject *stop(PyObject *self, PyObject *unused) {
    CALLGRIND_STOP_INSTRUMENTATION;
    Py_RETURN_NONE;
}

static PyObject *toggle(PyObject *self, PyObject *unused) {
    CALLGRIND_TOGGLE_COLLECT;
    Py_RETURN_NONE;
}

static PyObject *dump(PyObject *self, PyObject *name) {
    const char *text = PyUnicode_AsUTF8(name);
    if (text == NULL)
        return NULL;
    CALLGRIND_DUMP_STATS_AT(text);
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"start", start, METH_NOARGS, "Translate the program for counting, from zero."},
    {"stop", stop, METH_NOARGS, "Run fast again, without counting."},
    {"toggle", toggle, METH_NOARGS, "Count what follows, or do not count it any more."},
    {"dump", dump, METH_O, "Write down what was counted, under a name."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, .m_name = "instruction_counter", .m_methods = functions,
};

PyMODINIT_FUNC PyInit_instruction_counter(void) {
    return PyModule_Create(&module);
}
