// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/scalar.h>
#include <arrow/type.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/block.h"
#include "headrace/datasource/file_options.h"

namespace headrace::datasource {

/// A column that has one value for all rows of a file.
struct FileColumn {
  std::string name;
  std::shared_ptr<arrow::Scalar> value;
};

/// Columns that `options` take from the path: partition keys in path order, then "path" when asked.
/// A key without value (__HIVE_DEFAULT_PARTITION__) is null. Fails with Invalid naming the path
/// when a value cannot be read as its type or a kDirectory path has the wrong depth.
Result<std::vector<FileColumn>> FileColumnsOf(const FileReadOptions& options,
                                              const std::string& path);

/// `block` with `columns` at its end. A partition column that the block has already is left out.
Result<Block> AppendFileColumns(const Block& block, const std::vector<FileColumn>& columns,
                                arrow::MemoryPool* pool);

}  // namespace headrace::datasource
