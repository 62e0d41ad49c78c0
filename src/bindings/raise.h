// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "bindings/python_object.h"
#include "headrace/base/status.h"

namespace headrace::bindings {

/// The Python exception that the user should see for `status` (not OK): built-in types where they
/// fit, headrace.exceptions otherwise. An exception of the user's code comes back as its own type.
nb::object ExceptionFromStatus(const Status& status);

/// Raises ExceptionFromStatus(status) unless `status` is OK.
void RaiseIfError(const Status& status);

/// The value, or raises as RaiseIfError does.
template <typename T>
T ValueOrRaise(Result<T> result) {
  RaiseIfError(result.status());
  return std::move(result).ValueUnsafe();
}

}  // namespace headrace::bindings
