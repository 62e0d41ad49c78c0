// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/parquet_memory.h"

#include <algorithm>

namespace headrace::datasource {
namespace {

// Page of a chunk whose footer does not count pages: what writers aim at is 1 MiB.
constexpr int64_t kUnknownPageBytes = 8 << 20;
// Writers give a dictionary up when it outgrows this.
constexpr int64_t kDictionaryBytes = 1 << 20;
// Stream buffer, page header, decoder: what even an empty column takes.
constexpr int64_t kPerColumnBytes = 24 << 10;
// Four blocks' worth: then most files keep all columns open, and the working memory of a task is
// still a small part of what its slot may use.
constexpr int64_t kOpenColumnsPerTarget = 4;
constexpr int64_t kLeastOpenColumns = 8 << 20;

bool IsDataPage(parquet::PageType::type type) {
  return type == parquet::PageType::DATA_PAGE || type == parquet::PageType::DATA_PAGE_V2;
}

}  // namespace

bool NeedsRanges(int64_t group_bytes, int64_t target_max_block_size) {
  if (target_max_block_size <= 0) return group_bytes > kLargestRowGroup;
  return static_cast<double>(group_bytes) >
         kRowGroupPerTarget * static_cast<double>(target_max_block_size);
}

int64_t OpenColumnBytes(const ParquetFooter& footer, int row_group, int field) {
  const auto metadata = footer.metadata->RowGroup(row_group);
  const auto [begin, end] = footer.leaves[field];
  int64_t bytes = 0;
  for (int leaf = begin; leaf < end; ++leaf) {
    const auto chunk = metadata->ColumnChunk(leaf);
    const int64_t decompressed = std::max<int64_t>(0, chunk->total_uncompressed_size());
    const int64_t stored = std::max<int64_t>(0, chunk->total_compressed_size());
    int64_t pages = 0;
    for (const auto& stats : chunk->encoding_stats()) {
      if (IsDataPage(stats.page_type)) pages += stats.count;
    }
    const int64_t both = decompressed + stored;
    bytes += pages > 0 ? both / pages : std::min(both, kUnknownPageBytes);
    if (chunk->has_dictionary_page()) bytes += std::min(decompressed, kDictionaryBytes);
    bytes += kPerColumnBytes;
  }
  return bytes;
}

int64_t OpenColumnsLimit(int64_t target_max_block_size) {
  if (target_max_block_size <= 0) return kLargestRowGroup;
  return std::max(kLeastOpenColumns, kOpenColumnsPerTarget * target_max_block_size);
}

bool ReadsInRanges(const ParquetFooter& footer, int row_group, const std::vector<int>& fields,
                   int64_t group_bytes, int64_t target_max_block_size) {
  if (!NeedsRanges(group_bytes, target_max_block_size)) return false;
  const int64_t limit = OpenColumnsLimit(target_max_block_size);
  if (group_bytes > limit) return true;
  int64_t open_bytes = 0;
  for (const int field : fields) open_bytes += OpenColumnBytes(footer, row_group, field);
  return open_bytes <= limit;
}

int64_t RowGroupHeapBytes(const ParquetFooter& footer, int row_group,
                          const std::vector<int>& fields, int64_t group_bytes,
                          int64_t target_max_block_size) {
  int64_t largest = 0;
  int64_t sum = 0;
  for (const int field : fields) {
    const int64_t bytes = OpenColumnBytes(footer, row_group, field);
    largest = std::max(largest, bytes);
    sum += bytes;
  }
  if (!NeedsRanges(group_bytes, target_max_block_size)) return group_bytes + largest;
  const int64_t block = target_max_block_size > 0 ? target_max_block_size : kLargestRowGroup;
  if (!ReadsInRanges(footer, row_group, fields, group_bytes, target_max_block_size)) {
    return group_bytes + block + largest;  // the part that is cut off is a copy
  }
  return block + largest + std::min(sum, OpenColumnsLimit(target_max_block_size));
}

int64_t StoredBytes(const ParquetFooter& footer, int row_group, const std::vector<int>& fields) {
  const auto metadata = footer.metadata->RowGroup(row_group);
  int64_t bytes = 0;
  for (const int field : fields) {
    const auto [begin, end] = footer.leaves[field];
    for (int leaf = begin; leaf < end; ++leaf) {
      bytes += std::max<int64_t>(0, metadata->ColumnChunk(leaf)->total_compressed_size());
    }
  }
  return bytes;
}

}  // namespace headrace::datasource
