// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/array.h>

#include <cstdint>
#include <memory>

#include "bindings/python_object.h"

namespace headrace::bindings {

/// How list cells look to Python.
enum class ListCells { kLists, kNdarrays };

/// Makes Python objects of the cells of one array. Everything that depends on the type is decided
/// once, in Make; Read is one loop. Needs the GIL.
class CellReader {
 public:
  virtual ~CellReader() = default;

  /// Keeps `array` alive. Types that this file does not know are converted by pyarrow, which is
  /// imported then.
  static std::unique_ptr<CellReader> Make(const std::shared_ptr<arrow::Array>& array,
                                          ListCells lists);

  /// Writes new references to the cells [offset, offset + length) to `out`, whose slots are null.
  /// Throws nb::python_error; the slots written until then stay owned by the caller.
  virtual void Read(int64_t offset, int64_t length, PyObject** out) = 0;
};

}  // namespace headrace::bindings
