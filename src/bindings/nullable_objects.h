// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/buffer_builder.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "bindings/python_object.h"
#include "bindings/raise.h"

namespace headrace::bindings {

/// Bitmap of the values that are there; nullptr when all are.
inline std::shared_ptr<arrow::Buffer> Validity(const std::vector<nb::object>& values,
                                               int64_t* null_count) {
  *null_count =
      std::count_if(values.begin(), values.end(), [](const nb::object& value) { return !value; });
  if (*null_count == 0) return nullptr;
  arrow::TypedBufferBuilder<bool> bits;
  RaiseIfError(bits.Reserve(static_cast<int64_t>(values.size())));
  for (const nb::object& value : values) bits.UnsafeAppend(bool{value});
  return ValueOrRaise(bits.Finish());
}

}  // namespace headrace::bindings
