// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/type.h>

#include <memory>
#include <string>
#include <vector>

#include "headrace/datasource/file_options.h"

namespace headrace::datasource {

/// What the rows of a Parquet read look like, once the schemas of its files are known.
struct ParquetLayout {
  std::shared_ptr<arrow::Schema> file_schema;  // unified columns of the files, as stored
  std::shared_ptr<arrow::Schema> all;          // every column that can be asked for
  std::shared_ptr<arrow::Schema> output;       // the columns of the read, in order
  std::vector<std::string> filter_columns;     // columns that the filter reads
};

/// Layout for files of `file_schema`. Fails with KeyError naming an unknown column of
/// options.columns or of the filter and the columns there are, with Invalid for a tensor column
/// that cannot be one.
Result<ParquetLayout> MakeParquetLayout(const ParquetReadOptions& options,
                                        std::shared_ptr<arrow::Schema> file_schema);

}  // namespace headrace::datasource
