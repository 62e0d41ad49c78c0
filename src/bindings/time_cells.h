// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/array.h>

#include <memory>

#include "bindings/cell_reader.h"

namespace headrace::bindings {

/// datetime.date of each cell of a date32 array.
std::unique_ptr<CellReader> DateCells(const std::shared_ptr<arrow::Array>& array);

/// datetime.datetime of each cell of a timestamp array; nullptr when it has a time zone or moments
/// between two microseconds.
std::unique_ptr<CellReader> TimestampCells(const std::shared_ptr<arrow::Array>& array);

/// datetime.timedelta of each cell of a duration array; nullptr as for timestamps.
std::unique_ptr<CellReader> DurationCells(const std::shared_ptr<arrow::Array>& array);

}  // namespace headrace::bindings
