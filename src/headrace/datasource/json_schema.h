// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/type.h>

#include <memory>

namespace headrace::datasource {

/// The schema that two parts of a JSON text have together, when each was parsed alone: what Arrow's
/// reader would have inferred from both (null gives way to everything, int64 to double, timestamps
/// to strings; objects and lists recursively). Where they contradict each other, the first one
/// stays: parsing the second part by it says so, naming the column.
std::shared_ptr<arrow::Schema> UnifyJsonSchemas(const arrow::Schema& first,
                                                const arrow::Schema& second);

}  // namespace headrace::datasource
