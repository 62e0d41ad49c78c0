// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/memory_pool.h>
#include <arrow/type.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/block.h"
#include "headrace/datasource/webdataset_samples.h"

namespace headrace::datasource {

/// What a file of a sample becomes, by the last part of its suffix.
enum class SampleKind : uint8_t { kBytes, kText, kInteger, kImage, kNpy, kJson };
/// txt, text; cls, cls2; jpg, png; npy; json. All others stay bytes, pickles above all: loading
/// them runs code of the file.
SampleKind SampleKindOf(std::string_view suffix);

/// The value of one file.
struct SampleValue {
  SampleKind kind = SampleKind::kBytes;
  std::string bytes;                         // kBytes, kText, kJson; elements of kImage and kNpy
  int64_t integer = 0;                       // kInteger
  std::shared_ptr<arrow::DataType> element;  // kImage, kNpy
  std::vector<int64_t> shape;
};

/// Gathers samples into a block: "__key__", a column per suffix, then "__url__". A sample without a
/// file has a null. One thread.
class SampleColumns {
 public:
  SampleColumns(std::string url, bool expand_json, arrow::MemoryPool* pool)
      : url_(std::move(url)), expand_json_(expand_json), pool_(pool) {}

  /// Whether the tensors of `values` can be in a column with those before: same rank, same element.
  bool Accepts(const std::vector<std::pair<std::string, SampleValue>>& values) const;
  void Add(std::string key, std::vector<std::pair<std::string, SampleValue>> values);
  int64_t num_rows() const { return static_cast<int64_t>(keys_.size()); }
  int64_t size_bytes() const { return size_bytes_; }
  /// The rows so far; begins anew. Fails with Invalid naming key and suffix for what is no JSON.
  Result<Block> Finish();

 private:
  struct Column {
    std::string suffix;
    SampleKind kind = SampleKind::kBytes;
    std::vector<int64_t> rows;  // that have a value
    std::vector<SampleValue> values;
  };

  Result<std::shared_ptr<arrow::Array>> Build(Column* column) const;
  Result<std::shared_ptr<arrow::Array>> BuildTensors(Column* column) const;
  Result<std::shared_ptr<arrow::Array>> BuildJson(const Column& column) const;
  Result<std::shared_ptr<arrow::Array>> Spread(const std::shared_ptr<arrow::Array>& values,
                                               const std::vector<int64_t>& rows) const;

  const std::string url_;
  const bool expand_json_;
  arrow::MemoryPool* const pool_;
  std::vector<std::string> keys_;
  std::vector<Column> columns_;
  std::unordered_map<std::string, size_t> by_suffix_;
  int64_t size_bytes_ = 0;
};

}  // namespace headrace::datasource
