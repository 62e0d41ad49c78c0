// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/plain_columns.h"

#include <algorithm>

#include "headrace/datasource/row_selection.h"

namespace headrace::datasource {

Result<Block> WithoutDictionaries(const Block& block, arrow::MemoryPool* pool) {
  arrow::FieldVector fields = block.schema()->fields();
  arrow::ArrayVector columns = block.batch()->columns();
  for (size_t i = 0; i < columns.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(columns[i], ExpandDictionary(columns[i], pool));
    fields[i] = fields[i]->WithType(columns[i]->type());
  }
  return Block(arrow::RecordBatch::Make(arrow::schema(std::move(fields)), block.num_rows(),
                                        std::move(columns)));
}

Status ForEachPart(const Block& block, int64_t bytes,
                   const std::function<Status(const Block& part)>& write) {
  const int64_t bytes_per_row =
      std::max<int64_t>(1, block.size_bytes() / std::max<int64_t>(1, block.num_rows()));
  const int64_t rows = std::max<int64_t>(1, bytes / bytes_per_row);
  for (int64_t offset = 0; offset < block.num_rows(); offset += rows) {
    ARROW_RETURN_NOT_OK(write(block.Slice(offset, rows)));
  }
  return Status::OK();
}

}  // namespace headrace::datasource
