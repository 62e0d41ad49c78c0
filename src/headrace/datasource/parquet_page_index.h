// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <parquet/file_reader.h>

#include "headrace/base/status.h"
#include "headrace/datasource/parquet_files.h"
#include "headrace/datasource/row_ranges.h"
#include "headrace/expressions.h"

namespace headrace::datasource {

/// Rows of a row group that can satisfy `filter` by the least and largest values of their pages:
/// all where the file has no page index. Comparisons of a flat column with a literal are decided,
/// alone and joined by `&` and `|`; everything else is taken to be possible. `reader` is open for
/// the file of `footer`. Fails with Invalid when an index contradicts the footer or itself. May
/// throw what parquet-cpp throws.
Result<RowRanges> RowsThatCanMatch(const Expr& filter, parquet::ParquetFileReader* reader,
                                   const ParquetFooter& footer, int row_group,
                                   arrow::MemoryPool* pool);

}  // namespace headrace::datasource
