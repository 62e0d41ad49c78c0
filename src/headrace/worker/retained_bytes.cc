// SPDX-License-Identifier: Apache-2.0
#include "headrace/worker/retained_bytes.h"

#include <arrow/array/array_base.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/data.h>
#include <arrow/buffer.h>

#include <algorithm>
#include <vector>

#include "headrace/block/referenced_bytes.h"

namespace headrace::worker {
namespace {

constexpr int64_t kRetainedPerUsed = 2;
// Below this a copy frees less than it costs to keep account of it.
constexpr int64_t kSlackBytes = 4 << 10;

using Roots = std::vector<const arrow::Buffer*>;

void AddRoots(const arrow::ArrayData& data, Roots* roots) {
  for (const auto& buffer : data.buffers) {
    if (buffer == nullptr) continue;
    const arrow::Buffer* root = buffer.get();
    while (root->parent() != nullptr) root = root->parent().get();
    roots->push_back(root);
  }
  for (const auto& child : data.child_data) AddRoots(*child, roots);
  if (data.dictionary != nullptr) AddRoots(*data.dictionary, roots);
}

int64_t SumOnce(Roots* roots) {
  std::sort(roots->begin(), roots->end());
  roots->erase(std::unique(roots->begin(), roots->end()), roots->end());
  int64_t bytes = 0;
  for (const arrow::Buffer* root : *roots) bytes += root->capacity();
  return bytes;
}

bool IsTooMuch(int64_t retained, int64_t used) {
  return retained > kRetainedPerUsed * used + kSlackBytes;
}

}  // namespace

int64_t RetainedBytes(const Block& block) {
  Roots roots;
  for (int i = 0; i < block.num_columns(); ++i) AddRoots(*block.batch()->column_data(i), &roots);
  return SumOnce(&roots);
}

Result<Block> Compact(const Block& block, arrow::MemoryPool* pool) {
  if (!IsTooMuch(RetainedBytes(block), block.size_bytes())) return block;
  arrow::ArrayVector columns = block.batch()->columns();
  for (auto& column : columns) {
    Roots roots;
    AddRoots(*column->data(), &roots);
    const int64_t used = ReferencedBytes(*column->data());
    // Columns of one body share its memory: it goes only when all of them are copied.
    if (SumOnce(&roots) <= kRetainedPerUsed * used) continue;
    ARROW_ASSIGN_OR_RAISE(column, arrow::Concatenate({column}, pool));
  }
  return Block(arrow::RecordBatch::Make(block.schema(), block.num_rows(), std::move(columns)));
}

}  // namespace headrace::worker
