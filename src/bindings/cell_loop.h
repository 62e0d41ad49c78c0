// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/array.h>

#include <memory>
#include <utility>

#include "bindings/cell_reader.h"

namespace headrace::bindings {

/// Reader that makes each cell with `cell(index)`, a new reference or null with an error set.
template <typename Cell>
class CellLoop final : public CellReader {
 public:
  CellLoop(std::shared_ptr<arrow::Array> array, Cell cell)
      : array_(std::move(array)), cell_(std::move(cell)), has_nulls_(array_->null_count() > 0) {}

  void Read(int64_t offset, int64_t length, PyObject** out) override {
    for (int64_t i = 0; i < length; ++i) {
      out[i] =
          has_nulls_ && array_->IsNull(offset + i) ? Py_NewRef(Py_None) : Check(cell_(offset + i));
    }
  }

 private:
  std::shared_ptr<arrow::Array> array_;
  Cell cell_;
  bool has_nulls_;
};

template <typename Cell>
std::unique_ptr<CellReader> Loop(const std::shared_ptr<arrow::Array>& array, Cell cell) {
  return std::make_unique<CellLoop<Cell>>(array, std::move(cell));
}

}  // namespace headrace::bindings
