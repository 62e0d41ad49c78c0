// SPDX-License-Identifier: Apache-2.0
#include "headrace/worker/steps/collected_rows.h"

#include <algorithm>

#include "headrace/block/schema.h"

namespace headrace::worker {

Result<std::vector<Block>> WithOneSchema(std::vector<Block> blocks, arrow::MemoryPool* pool) {
  std::vector<std::shared_ptr<arrow::Schema>> schemas;
  for (const Block& block : blocks) {
    if (SaysNothing(block)) continue;
    if (schemas.empty() || !schemas.back()->Equals(*block.schema())) {
      schemas.push_back(block.schema());
    }
  }
  if (schemas.empty()) return blocks;
  ARROW_ASSIGN_OR_RAISE(const auto schema, headrace::UnifySchemas(schemas));
  for (Block& block : blocks) {
    if (block.schema()->Equals(*schema)) continue;
    ARROW_ASSIGN_OR_RAISE(block, ConformTo(block, schema, pool));
  }
  return blocks;
}

int64_t RowsOfBytes(std::span<const Block> blocks, int64_t bytes) {
  int64_t all_rows = 0;
  int64_t all_bytes = 0;
  for (const Block& block : blocks) {
    all_rows += block.num_rows();
    all_bytes += block.size_bytes();
  }
  if (all_bytes <= bytes) return std::max<int64_t>(1, all_rows);
  const double share = static_cast<double>(bytes) / static_cast<double>(all_bytes);
  return std::max<int64_t>(1, static_cast<int64_t>(share * static_cast<double>(all_rows)));
}

void GiveBackFirstHalf(const TaskInfo& task, const StepContext& context) {
  if (task.task_index == 0) context.pool->ReleaseUnused();
}

Status CheckCancelled(const StepContext& context) {
  if (context.cancelled == nullptr || !context.cancelled->load()) return Status::OK();
  return MakeError(arrow::StatusCode::Cancelled, ErrorKind::kCancelled, "task was cancelled");
}

Status PutRows(const std::vector<Block>& blocks, std::span<const compute::RowRef> rows,
               int64_t target_bytes, const StepContext& context, BlockSink& out) {
  const auto per_block =
      target_bytes <= 0
          ? std::max<size_t>(1, rows.size())
          : static_cast<size_t>(RowsOfBytes(blocks, std::min(target_bytes, kGatheredBytes)));
  size_t begin = 0;
  do {
    ARROW_RETURN_NOT_OK(CheckCancelled(context));
    const size_t size = std::min(per_block, rows.size() - begin);
    ARROW_ASSIGN_OR_RAISE(Block piece,
                          compute::GatherRows(blocks, rows.subspan(begin, size), context.pool));
    ARROW_RETURN_NOT_OK(out.Put(std::move(piece)));
    begin += size;
  } while (begin < rows.size() && !out.full());
  return Status::OK();
}

}  // namespace headrace::worker
