// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "headrace/base/status.h"
#include "headrace/block.h"

namespace headrace::worker {

/// Bytes that `block` keeps in memory: of every buffer that its columns refer to all of the memory
/// that the buffer is a part of, once. A slice of three rows retains what it was cut from.
int64_t RetainedBytes(const Block& block);

/// `block`, with columns copied that retain more than twice what they use, when the block as a
/// whole does (and more than a few KiB). So blocks that are counted as `size_bytes()` never keep
/// more than twice that in memory, and no byte is copied twice for it.
Result<Block> Compact(const Block& block, arrow::MemoryPool* pool);

}  // namespace headrace::worker
