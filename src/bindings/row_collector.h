// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "bindings/python_object.h"
#include "bindings/value_builder.h"
#include "headrace/block.h"

namespace headrace::bindings {

/// Makes one block of row dicts. Columns come in order of first appearance; what a row lacks is
/// null. Needs the GIL.
class RowCollector {
 public:
  /// `row`: a dict with string keys (TypeError otherwise).
  void Append(PyObject* row);
  int64_t num_rows() const { return num_rows_; }
  /// Leaves the collector unusable.
  Block Finish();

 private:
  struct Column {
    nb::object name;
    ValueBuilder values;
  };
  Column& ColumnFor(PyObject* name);

  std::vector<std::unique_ptr<Column>> columns_;
  nb::object index_;  // dict: name -> position in columns_
  int64_t num_rows_ = 0;
};

}  // namespace headrace::bindings
