// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <arrow/type.h>

#include <memory>
#include <optional>

#include "headrace/base/status.h"
#include "headrace/block.h"
#include "headrace/datasource/json_columns.h"

namespace headrace::datasource {

/// Zero bytes that have to stand behind a JSON text.
inline constexpr int64_t kJsonPadding = 64;

/// The rows of JSON texts, objects one after the other, as arrow::json reads them: the columns of
/// `schema` first, of its types (nullptr: none), then others, of the types that follow from all
/// their values. What it does not know is to be read with arrow::json, which may know what to do or
/// else says what is wrong. One thread.
class JsonRows {
 public:
  /// `max_keys`: most different names, those in objects within objects included.
  JsonRows(std::shared_ptr<arrow::Schema> schema, int64_t max_keys, arrow::MemoryPool* pool);

  /// Takes the objects of `text`, which has kJsonPadding zero bytes behind its size. False: read it
  /// all with arrow::json; the rows are of no use any more. Fails with CapacityError where there
  /// are too many names, or hardly one is in two rows.
  Result<bool> Append(const arrow::Buffer& text);
  /// All rows; nullopt: read it all with arrow::json.
  Result<std::optional<Block>> Finish();
  int64_t num_rows() const { return fields_.num_rows(); }

 private:
  const std::shared_ptr<arrow::Schema> schema_;
  const bool known_;  // the schema's types
  JsonExtent extent_;
  JsonFields fields_;  // keeps a pointer to extent_
};

}  // namespace headrace::datasource
