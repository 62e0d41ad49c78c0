// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bindings/python_object.h"

// NumPy's C API, imported when first needed: `import numpy` costs more than a whole small job.
// Call EnsureNumpy() before any PyArray_… function.
#define PY_ARRAY_UNIQUE_SYMBOL headrace_numpy_api
#define NPY_NO_DEPRECATED_API NPY_1_22_API_VERSION
#ifndef HEADRACE_NUMPY_API_OWNER
#define NO_IMPORT_ARRAY
#endif
#include <numpy/arrayobject.h>

namespace headrace::bindings {

/// Imports numpy on the first call.
void EnsureNumpy();

/// Whether `object` is an ndarray (or a subclass). Does not import numpy: without it there is none.
bool IsNdarray(PyObject* object);

/// Whether the type of `object` is defined in numpy (scalars such as numpy.float32).
bool IsNumpyScalar(PyObject* object);

}  // namespace headrace::bindings
