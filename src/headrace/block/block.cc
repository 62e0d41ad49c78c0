// SPDX-License-Identifier: Apache-2.0
#include "headrace/block.h"

#include <arrow/array/concatenate.h>
#include <arrow/table.h>

#include "headrace/block/referenced_bytes.h"
#include "headrace/block/schema.h"

namespace headrace {
namespace {

std::shared_ptr<arrow::RecordBatch> EmptyBatch() {
  static const auto batch = arrow::RecordBatch::Make(arrow::schema({}), 0, arrow::ArrayVector{});
  return batch;
}

}  // namespace

Block::Block() : batch_(EmptyBatch()) {}

Block::Block(std::shared_ptr<arrow::RecordBatch> batch)
    : batch_(batch == nullptr ? EmptyBatch() : std::move(batch)) {}

arrow::Result<Block> Block::FromTable(const arrow::Table& table, arrow::MemoryPool* pool) {
  arrow::ArrayVector columns;
  columns.reserve(table.num_columns());
  for (const auto& chunked : table.columns()) {
    if (chunked->num_chunks() == 1) {
      columns.push_back(chunked->chunk(0));
    } else if (chunked->num_chunks() == 0) {
      ARROW_ASSIGN_OR_RAISE(auto empty, arrow::MakeEmptyArray(chunked->type(), pool));
      columns.push_back(std::move(empty));
    } else {
      ARROW_ASSIGN_OR_RAISE(auto joined, arrow::Concatenate(chunked->chunks(), pool));
      columns.push_back(std::move(joined));
    }
  }
  return Block(arrow::RecordBatch::Make(table.schema(), table.num_rows(), std::move(columns)));
}

int64_t Block::size_bytes() const {
  int64_t total = 0;
  for (int i = 0; i < num_columns(); ++i) total += ReferencedBytes(*batch_->column_data(i));
  return total;
}

Block Block::Slice(int64_t offset, int64_t length) const {
  if (offset == 0 && length >= num_rows()) return *this;
  return Block(batch_->Slice(std::min(offset, num_rows()), length));
}

arrow::Result<Block> ConcatBlocks(const std::vector<Block>& blocks, arrow::MemoryPool* pool) {
  if (blocks.empty()) return Block();
  if (blocks.size() == 1) return blocks.front();
  std::vector<std::shared_ptr<arrow::Schema>> schemas;
  schemas.reserve(blocks.size());
  for (const Block& block : blocks) {
    // A block without columns and rows says nothing about the schema.
    if (!SaysNothing(block)) schemas.push_back(block.schema());
  }
  if (schemas.empty()) return Block();
  ARROW_ASSIGN_OR_RAISE(auto schema, headrace::UnifySchemas(schemas));
  arrow::RecordBatchVector batches;
  batches.reserve(blocks.size());
  int64_t num_rows = 0;
  for (const Block& block : blocks) {
    if (SaysNothing(block)) continue;
    ARROW_ASSIGN_OR_RAISE(Block conformed, ConformTo(block, schema, pool));
    num_rows += block.num_rows();
    batches.push_back(conformed.batch());
  }
  if (batches.size() == 1) return Block(batches.front());
  std::vector<std::shared_ptr<arrow::ArrayData>> columns(schema->num_fields());
  arrow::ArrayVector chunks(batches.size());
  for (int i = 0; i < schema->num_fields(); ++i) {
    for (size_t b = 0; b < batches.size(); ++b) chunks[b] = batches[b]->column(i);
    ARROW_ASSIGN_OR_RAISE(auto joined, arrow::Concatenate(chunks, pool));
    columns[i] = joined->data();
  }
  return Block(arrow::RecordBatch::Make(std::move(schema), num_rows, std::move(columns)));
}

arrow::Result<std::vector<Block>> SplitBySize(const Block& block, int64_t max_bytes) {
  if (max_bytes <= 0) return Status::Invalid("max_bytes must be positive, got ", max_bytes);
  const int64_t bytes = block.size_bytes();
  if (bytes <= max_bytes || block.num_rows() <= 1) return std::vector<Block>{block};
  const double bytes_per_row = static_cast<double>(bytes) / static_cast<double>(block.num_rows());
  const auto rows_per_part =
      std::max<int64_t>(1, static_cast<int64_t>(static_cast<double>(max_bytes) / bytes_per_row));
  std::vector<Block> parts;
  for (int64_t offset = 0; offset < block.num_rows(); offset += rows_per_part) {
    parts.push_back(block.Slice(offset, rows_per_part));
  }
  return parts;
}

}  // namespace headrace
