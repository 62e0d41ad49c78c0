// SPDX-License-Identifier: Apache-2.0
#include "bindings/row_collector.h"

#include <arrow/record_batch.h>

namespace headrace::bindings {

RowCollector::Column& RowCollector::ColumnFor(PyObject* name) {
  if (!index_) index_ = Steal(PyDict_New());
  if (PyObject* known = PyDict_GetItemWithError(index_.ptr(), name)) {
    return *columns_[PyLong_AsSize_t(known)];
  }
  if (PyErr_Occurred()) throw nb::python_error();
  if (!PyUnicode_Check(name)) {
    PyErr_Format(PyExc_TypeError, "Column names must be strings, got %R of type %s", name,
                 Py_TYPE(name)->tp_name);
    throw nb::python_error();
  }
  const nb::object position = Steal(PyLong_FromSize_t(columns_.size()));
  CheckCode(PyDict_SetItem(index_.ptr(), name, position.ptr()));
  auto column = std::make_unique<Column>();
  column->name = nb::borrow(name);
  column->values.AppendNulls(num_rows_);
  columns_.push_back(std::move(column));
  return *columns_.back();
}

void RowCollector::Append(PyObject* row) {
  PyObject* name = nullptr;
  PyObject* value = nullptr;
  Py_ssize_t position = 0;
  size_t filled = 0;
  // Rows made by one piece of code have the same key objects in the same order.
  while (PyDict_Next(row, &position, &name, &value)) {
    Column& column = filled < columns_.size() && columns_[filled]->name.ptr() == name
                         ? *columns_[filled]
                         : ColumnFor(name);
    column.values.Append(value);
    ++filled;
  }
  ++num_rows_;
  if (filled == columns_.size()) return;
  for (const auto& column : columns_) {
    if (column->values.length() < num_rows_) column->values.AppendNulls(1);
  }
}

Block RowCollector::Finish() {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const auto& column : columns_) {
    arrays.push_back(column->values.Finish());
    fields.push_back(
        arrow::field(std::string(Utf8View(column->name.ptr())), arrays.back()->type()));
  }
  return Block(
      arrow::RecordBatch::Make(arrow::schema(std::move(fields)), num_rows_, std::move(arrays)));
}

}  // namespace headrace::bindings
