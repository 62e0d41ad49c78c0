// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/row_hash.h"

#include <arrow/array/array_primitive.h>
#include <parquet/xxhasher.h>

namespace headrace::datasource {

Result<std::shared_ptr<arrow::Array>> RowHashes(const std::string& path, int64_t first_row,
                                                const RowSelection& selection,
                                                arrow::MemoryPool* pool) {
  const parquet::XxHasher hasher;
  uint64_t key[2] = {hasher.Hash(std::string_view(path)), 0};
  const std::string_view bytes(reinterpret_cast<const char*>(key), sizeof(key));
  const int64_t length = selection.size();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(length * sizeof(uint64_t), pool));
  auto* out = reinterpret_cast<uint64_t*>(buffer->mutable_data());
  for (int64_t i = 0; i < length; ++i) {
    key[1] = static_cast<uint64_t>(first_row + (selection.all ? i : selection.rows[i]));
    out[i] = hasher.Hash(bytes);
  }
  return std::make_shared<arrow::UInt64Array>(length, std::move(buffer));
}

}  // namespace headrace::datasource
