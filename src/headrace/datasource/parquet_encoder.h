// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "headrace/datasource/file_datasink.h"
#include "headrace/datasource/file_options.h"

namespace headrace::datasource {

/// Checks compression name and level.
Status CheckParquetOptions(const ParquetWriteOptions& options);

/// Streams blocks into one Parquet file. The first block fixes the schema; later ones are conformed
/// to it where possible. Dictionary columns are stored as their value type. Rows are buffered
/// (encoded) up to options.row_group_size, and up to about `target_max_block_size` bytes (at least
/// 8 MiB, at most 128 MiB); with very many columns up to twice that, so that each has 8 KiB.
Result<std::unique_ptr<FileEncoder>> MakeParquetEncoder(
    const ParquetWriteOptions& options, std::shared_ptr<arrow::io::OutputStream> stream,
    const Block& first, int64_t target_max_block_size, arrow::MemoryPool* pool);

}  // namespace headrace::datasource
