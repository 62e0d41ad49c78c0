// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bindings/python_object.h"
#include "headrace/datasource/file_options.h"
#include "headrace/plan/logical_operator.h"

namespace headrace::bindings {

/// Reads the `options` dict of a Plan method; an unknown key fails with Invalid naming it.
Result<plan::MapOptions> MapOptionsFrom(const nb::dict& options);
/// Reads the `files` dict of a reader: paths, sizes, include_paths, partitioning.
Result<datasource::FileReadOptions> FileReadOptionsFrom(const nb::dict& files);
Result<datasource::CsvReadOptions> CsvReadOptionsFrom(const nb::dict& csv);
Result<datasource::JsonReadOptions> JsonReadOptionsFrom(const nb::dict& json);
/// The part of the `write` dict that all sinks share; the rest is left to the caller.
Result<datasource::FileWriteOptions> FileWriteOptionsFrom(const nb::dict& write,
                                                          const std::string& dataset_id);
/// An Arrow type from anything with __arrow_c_schema__.
Result<std::shared_ptr<arrow::DataType>> TypeFrom(nb::handle type);

/// Arrow type of a numpy dtype such as "uint8"; nullptr when Arrow has none.
std::shared_ptr<arrow::DataType> NumpyTypeByName(const std::string& dtype);

}  // namespace headrace::bindings
