// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/array.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bindings/cell_reader.h"

namespace headrace::bindings {

/// Makes dicts, one per row, of several columns.
class DictReader {
 public:
  DictReader(const std::vector<std::string>& names, const arrow::ArrayVector& columns,
             ListCells lists);

  /// As CellReader::Read, with a new dict per row.
  void Read(int64_t offset, int64_t length, PyObject** out);

 private:
  void ReadChunk(int64_t offset, int64_t length, PyObject** out);

  std::vector<nb::object> keys_;
  std::vector<std::unique_ptr<CellReader>> readers_;
};

}  // namespace headrace::bindings
