// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/array.h>
#include <arrow/buffer_builder.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "bindings/python_object.h"

namespace headrace::bindings {

/// Collects Python values and makes one Arrow array of them. The type follows the values: bool,
/// int64, double (also for ints and floats mixed), string, binary, list, struct, tensor (ndarrays),
/// timestamp in the coarsest exact unit, date32, duration, decimal; None is null. Values without a
/// common type become pickled objects. Needs the GIL.
class ValueBuilder {
 public:
  ValueBuilder() = default;

  /// Costs a few nanoseconds while values stay bool, int, float, str, bytes or None.
  void Append(PyObject* value);
  void AppendNulls(int64_t count);
  int64_t length() const { return length_; }
  /// Leaves the builder unusable.
  std::shared_ptr<arrow::Array> Finish();

 private:
  /// kGeneric keeps the objects and decides at the end.
  enum class Kind { kNull, kBool, kInt, kDouble, kString, kBinary, kGeneric };

  void AppendNull();
  void AppendNumpyScalar(PyObject* value);
  void AppendOther(PyObject* value);
  void AppendText(const char* data, Py_ssize_t size);
  void MarkValid();
  /// Makes room for the first value of `kind` after nulls alone.
  void Start(Kind kind);
  void IntsToDoubles();
  /// Turns what there is into Python objects again.
  void BecomeGeneric();
  std::shared_ptr<arrow::Array> FinishTyped();
  std::shared_ptr<arrow::Array> FinishText(std::shared_ptr<arrow::Buffer> validity);

  Kind kind_ = Kind::kNull;
  int64_t length_ = 0;
  int64_t null_count_ = 0;
  arrow::TypedBufferBuilder<int64_t> words_;  // ints, doubles (as bits), ends of texts
  arrow::TypedBufferBuilder<bool> booleans_;
  arrow::BufferBuilder text_;
  arrow::TypedBufferBuilder<bool> validity_;  // only from the first null on
  bool has_validity_ = false;
  std::vector<nb::object> objects_;
  /// Type of all values if they are scalars of one numpy type; decides the width of numbers.
  PyTypeObject* numpy_type_ = nullptr;
  bool one_numpy_type_ = true;
};

/// Array of `values` when they are not of the simple types above; null pointers are nulls.
std::shared_ptr<arrow::Array> ArrayFromObjects(const std::vector<nb::object>& values);

/// Object column (headrace.object) of `values`, each pickled.
std::shared_ptr<arrow::Array> PickledObjects(const std::vector<nb::object>& values);

}  // namespace headrace::bindings
