// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Python.h>
#include <nanobind/nanobind.h>

#include <memory>
#include <string_view>
#include <vector>

namespace headrace::bindings {

namespace nb = nanobind;

// Errors inside src/bindings: code that touches Python objects throws nb::python_error, as nanobind
// does, because the error already is a Python exception. It ends either in nanobind (calls from
// Python) or in PythonUdfHost (calls from the engine), which turns it into a Status. All functions
// here need the GIL.

/// `object` if it is one; throws the pending Python error if it is null.
inline PyObject* Check(PyObject* object) {
  if (object == nullptr) throw nb::python_error();
  return object;
}

/// Throws the pending Python error if `code` says that a call failed.
inline void CheckCode(int code) {
  if (code < 0) throw nb::python_error();
}

/// The new reference `object`, owned; throws the pending Python error if it is null.
inline nb::object Steal(PyObject* object) { return nb::steal(Check(object)); }

/// `text` as bytes of UTF-8 that live as long as `text` does.
inline std::string_view Utf8View(PyObject* text) {
  Py_ssize_t size = 0;
  const char* data = PyUnicode_AsUTF8AndSize(text, &size);
  if (data == nullptr) throw nb::python_error();
  return {data, static_cast<size_t>(size)};
}

inline nb::object NewString(std::string_view text) {
  return Steal(PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), nullptr));
}

/// False before Python starts and while it ends: no GIL can be taken then.
inline bool InterpreterIsAlive() {
#if PY_VERSION_HEX >= 0x030D0000
  return Py_IsInitialized() && !Py_IsFinalizing();
#else
  return Py_IsInitialized() && !_Py_IsFinalizing();
#endif
}

/// New references to Python objects, given back when destroyed; slots may be null.
class ObjectSlots {
 public:
  ObjectSlots() = default;
  explicit ObjectSlots(size_t size) : slots_(size, nullptr) {}
  ObjectSlots(const ObjectSlots&) = delete;
  ObjectSlots& operator=(const ObjectSlots&) = delete;
  ObjectSlots(ObjectSlots&&) = default;
  ~ObjectSlots() {
    for (PyObject* object : slots_) Py_XDECREF(object);
  }
  PyObject** data() { return slots_.data(); }
  PyObject*& operator[](size_t index) { return slots_[index]; }
  size_t size() const { return slots_.size(); }

 private:
  std::vector<PyObject*> slots_;
};

/// `owned` for Python. Its end may wait for threads that need the GIL (functions of the user that
/// run or go in this process), so the last owner lets go of the GIL first.
template <typename T>
std::shared_ptr<T> DestroyedWithoutGil(std::unique_ptr<T> owned) {
  return std::shared_ptr<T>(owned.release(), [](T* object) {
    if (PyGILState_Check() == 0) {
      delete object;
      return;
    }
    const nb::gil_scoped_release nogil;
    delete object;
  });
}

}  // namespace headrace::bindings
