// SPDX-License-Identifier: Apache-2.0
#define HEADRACE_NUMPY_API_OWNER
#include "bindings/numpy_api.h"

#include <cstring>

namespace headrace::bindings {

void EnsureNumpy() {
  if (PyArray_API == nullptr) CheckCode(_import_array());
}

bool IsNdarray(PyObject* object) {
  if (PyArray_API == nullptr) {
    // Somebody else may have imported numpy.
    if (PyDict_GetItemString(PyImport_GetModuleDict(), "numpy") == nullptr) return false;
    EnsureNumpy();
  }
  return PyArray_Check(object);
}

bool IsNumpyScalar(PyObject* object) {
  return std::strncmp(Py_TYPE(object)->tp_name, "numpy.", 6) == 0 && !IsNdarray(object);
}

}  // namespace headrace::bindings
