// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "bindings/python_object.h"

namespace headrace::bindings {

/// A Python object that belongs to an object of the engine, which any thread may destroy: takes the
/// GIL to let go of it.
class HeldObject {
 public:
  explicit HeldObject(nb::object object) : object_(std::move(object)) {}
  HeldObject(const HeldObject&) = delete;
  HeldObject& operator=(const HeldObject&) = delete;
  ~HeldObject() {
    if (!InterpreterIsAlive()) {
      static_cast<void>(object_.release());  // at exit everything goes with the process
      return;
    }
    const nb::gil_scoped_acquire acquire;
    object_.reset();
  }

  /// The object; to be used with the GIL.
  const nb::object& get() const { return object_; }

 private:
  nb::object object_;
};

}  // namespace headrace::bindings
