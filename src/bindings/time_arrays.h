// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/array.h>

#include <memory>
#include <vector>

#include "bindings/python_object.h"

namespace headrace::bindings {

// Arrays of values of exactly one type of the module datetime; null pointers are nulls.

/// Of datetimes without time zone, in the coarsest unit that holds all of them exactly.
std::shared_ptr<arrow::Array> TimestampArray(const std::vector<nb::object>& values);
/// Of timedeltas, in microseconds.
std::shared_ptr<arrow::Array> DurationArray(const std::vector<nb::object>& values);
/// Of dates.
std::shared_ptr<arrow::Array> DateArray(const std::vector<nb::object>& values);

}  // namespace headrace::bindings
