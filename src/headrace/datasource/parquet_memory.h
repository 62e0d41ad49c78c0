// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "headrace/datasource/parquet_files.h"

namespace headrace::datasource {

/// A row group above this many targets is read range of rows by range of rows: the factor by which
/// a block may pass its target.
inline constexpr double kRowGroupPerTarget = 1.5;
/// Without a target: strings have 32-bit offsets, so a block cannot grow for ever.
inline constexpr int64_t kLargestRowGroup = int64_t{1} << 30;

/// True when a row group of `group_bytes` in memory is too large for one block.
bool NeedsRanges(int64_t group_bytes, int64_t target_max_block_size);

/// Bytes that a column of a row group holds while it is read: one page as it is stored and
/// decompressed, the dictionary. Average page size, from the footer's page counts.
int64_t OpenColumnBytes(const ParquetFooter& footer, int row_group, int field);

/// What may be held by the columns that stay open from one range of rows to the next; others are
/// opened again for every range, which costs their pages' decompression.
int64_t OpenColumnsLimit(int64_t target_max_block_size);

/// Whether the row group is read range of rows by range of rows: when it is too large for a block,
/// except when its columns could not all stay open and it takes no more than they may: then it is
/// read at once, column after column, and cut, so that every page is decompressed once.
bool ReadsInRanges(const ParquetFooter& footer, int row_group, const std::vector<int>& fields,
                   int64_t group_bytes, int64_t target_max_block_size);

/// Most memory that reading `fields` of the row group takes at a time: the block that is being made
/// and what the columns hold. `group_bytes`: the fields in memory.
int64_t RowGroupHeapBytes(const ParquetFooter& footer, int row_group,
                          const std::vector<int>& fields, int64_t group_bytes,
                          int64_t target_max_block_size);

/// Bytes of the chunks of `fields` as they are stored. A remote row group that is read at once
/// takes them besides: they are fetched together.
int64_t StoredBytes(const ParquetFooter& footer, int row_group, const std::vector<int>& fields);

}  // namespace headrace::datasource
