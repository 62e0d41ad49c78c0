// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/array.h>
#include <arrow/type.h>

#include <memory>
#include <string>

#include "headrace/base/status.h"

namespace headrace::datasource {

/// `column` (binary, fixed_size_binary or a list type) as an array of the fixed-shape tensor
/// `type`: each row holds the elements of one tensor, row-major. Zero-copy where the rows lie one
/// behind the other and the element type fits. Fails with Invalid naming `name` and the first row
/// of another size.
Result<std::shared_ptr<arrow::Array>> ToTensorColumn(const std::shared_ptr<arrow::Array>& column,
                                                     const std::shared_ptr<arrow::DataType>& type,
                                                     const std::string& name,
                                                     arrow::MemoryPool* pool);

}  // namespace headrace::datasource
