// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "headrace/compute/gather.h"
#include "headrace/worker/step.h"

namespace headrace::worker {

/// `blocks` with the schema that can hold the rows of all. Blocks without columns and rows, which
/// say nothing, become empty ones of it; if there are no others, they stay.
Result<std::vector<Block>> WithOneSchema(std::vector<Block> blocks, arrow::MemoryPool* pool);

/// How many rows of `blocks` come to about `bytes`; at least one.
int64_t RowsOfBytes(std::span<const Block> blocks, int64_t bytes);

/// Most bytes of a block that is gathered from many: what takes it on finds some of it in the
/// cache, and its memory is there for the next one. (Sorting 1 GB in blocks of 128 MiB touched four
/// times as many fresh pages, at 1 s of the kernel per GB.)
inline constexpr int64_t kGatheredBytes = 16 << 20;

/// Puts out `rows` of `blocks`, which have one schema, in blocks of about `target_bytes`, at most
/// kGatheredBytes (<= 0: in one), each copied when the one before is gone; without rows, an empty
/// one. Fails with Cancelled once that is asked for.
Status PutRows(const std::vector<Block>& blocks, std::span<const compute::RowRef> rows,
               int64_t target_bytes, const StepContext& context, BlockSink& out);

/// For a task of a second half, before it allocates: the first of them gives back the memory that
/// the first half has left for its next task. That had other sizes, and the rows that wait for the
/// second half are at their most.
void GiveBackFirstHalf(const TaskInfo& task, const StepContext& context);

/// Fails when nobody wants the result of the task any more.
Status CheckCancelled(const StepContext& context);

}  // namespace headrace::worker
