// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bindings/python_object.h"

namespace headrace::bindings {

/// A Python object that threads without the GIL may own and let go. Used with the GIL.
class AnyThreadObject {
 public:
  explicit AnyThreadObject(nb::object object) : object_(object.release().ptr()) {}
  AnyThreadObject(const AnyThreadObject&) = delete;
  AnyThreadObject& operator=(const AnyThreadObject&) = delete;
  ~AnyThreadObject() {
    if (!InterpreterIsAlive()) return;
    const nb::gil_scoped_acquire acquire;
    Py_DECREF(object_);
  }
  nb::handle get() const { return object_; }
  auto attr(const char* name) const { return get().attr(name); }

 private:
  PyObject* const object_;
};

}  // namespace headrace::bindings
