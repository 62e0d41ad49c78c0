// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/datasource.h"

namespace headrace::datasource {

struct BlockShape {
  int64_t num_blocks = 0;  // exactly that many blocks (fewer if there are fewer rows); 0: any
  int64_t num_rows = -1;   // of the reader, when that is known: then num_blocks costs no memory
  int64_t min_bytes = 1 << 20;  // smaller neighbours are joined up to it
  int64_t max_bytes = 0;        // larger blocks are cut; 0: no limit
  int64_t limit_rows = -1;      // rows to let through; -1: all
  arrow::MemoryPool* pool = arrow::default_memory_pool();
};

/// The shape of a read task's blocks. `num_rows`: what it gives, -1: unknown.
BlockShape MakeBlockShape(int64_t num_blocks, int64_t num_rows, const ReadOptions& options);

/// Working memory that a task takes because it was asked for `num_blocks` blocks: rows have to be
/// gathered when their number is not known.
int64_t ShapingHeapBytes(int64_t num_blocks, int64_t num_rows, int64_t size_bytes,
                         const ReadParallelism& parallelism);

/// The rows of `reader` in blocks of the wanted shape: small neighbours joined (copied), large
/// blocks cut (zero-copy), neighbours without a common schema left alone, empty blocks dropped (all
/// but one when there are only such: it carries the schema), and no row after the limit. A wanted
/// number of blocks gathers rows: those of one block, or all of the task when their number is not
/// known; it gives way to the limit on their size.
std::unique_ptr<BlockReader> ShapeBlocks(std::unique_ptr<BlockReader> reader, BlockShape shape);

}  // namespace headrace::datasource
