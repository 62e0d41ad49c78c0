// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/array.h>
#include <arrow/type.h>

#include <memory>

#include "bindings/python_object.h"
#include "headrace/block.h"

namespace headrace::bindings {

// The Arrow PyCapsule protocol: tables cross between libraries as C structs, without a copy.

/// (schema capsule, array capsule) of `block` as a struct array.
nb::object ExportBlock(const Block& block);
/// Schema capsule.
nb::object ExportSchema(const arrow::Schema& schema);

/// Block of an object with `__arrow_c_array__` or `__arrow_c_stream__`. Several chunks are joined
/// (copied). Raises TypeError for other objects.
Block BlockFromArrow(nb::handle source);
/// Schema of an object with `__arrow_c_schema__`.
std::shared_ptr<arrow::Schema> SchemaFromArrow(nb::handle source);
/// Array of an object with `__arrow_c_array__` or `__arrow_c_stream__` (pyarrow and pandas
/// columns).
std::shared_ptr<arrow::Array> ArrayFromArrow(nb::handle source);

/// `array` as a pyarrow.Array; imports pyarrow.
nb::object ToPyarrow(const std::shared_ptr<arrow::Array>& array);

}  // namespace headrace::bindings
