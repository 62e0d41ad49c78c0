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

/// Below this, neighbouring blocks of one read task are joined: a block costs more to schedule than
/// to copy.
inline constexpr int64_t kMinReadBlockBytes = 1 << 20;

struct BlockShape {
  int64_t num_blocks = 0;   // exactly that many blocks (fewer if there are fewer rows); 0: any
  int64_t max_bytes = 0;    // larger blocks are cut; 0: no limit
  int64_t limit_rows = -1;  // rows to let through; -1: all
  arrow::MemoryPool* pool = arrow::default_memory_pool();
};

/// The rows of `reader` in blocks of the wanted shape: small neighbours joined (copied), large
/// blocks cut (zero-copy), empty blocks dropped (all but one when there are only such: it carries
/// the schema), and no row after the limit. A wanted number of blocks gathers all rows of the task
/// first.
std::unique_ptr<BlockReader> ShapeBlocks(std::unique_ptr<BlockReader> reader, BlockShape shape);

}  // namespace headrace::datasource
