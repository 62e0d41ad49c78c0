// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "headrace/datasource/file_options.h"
#include "headrace/datasource/parquet_files.h"
#include "headrace/datasource/parquet_layout.h"
#include "headrace/datasource/parquet_tasks.h"

namespace headrace::datasource {

/// Everything that the readers of one Parquet source share. Immutable.
struct ParquetScan {
  std::shared_ptr<const ParquetFiles> files;
  ParquetReadOptions options;
  ParquetLayout layout;
};

/// Rows of `task`, one block per row group (slices of it where it is large), in file order.
std::unique_ptr<BlockReader> OpenParquetTask(std::shared_ptr<const ParquetScan> scan,
                                             ParquetTask task, const ReadOptions& options);

}  // namespace headrace::datasource
