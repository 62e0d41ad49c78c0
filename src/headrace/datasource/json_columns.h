// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/array/data.h>
#include <arrow/buffer_builder.h>
#include <arrow/memory_pool.h>
#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "headrace/base/status.h"

namespace headrace::datasource {

class JsonFields;

/// The error of too many names.
Status TooManyJsonKeys(int64_t num_keys, int64_t max_keys);

/// How far the columns of JSON objects have spread. Each new name is a column with a value for
/// every row: where each row has names of its own, the columns grow with the square of the text.
class JsonExtent {
 public:
  explicit JsonExtent(int64_t max_keys)
      : max_keys_(max_keys), max_empty_(kEmptyRowsPerKey * max_keys) {}

  /// Sparse rows may have some empty values for each byte of text.
  void AddText(int64_t bytes) { max_empty_ += kEmptyPerTextByte * bytes; }
  Status AddKey() {
    ++num_keys_;
    return Check();
  }
  Status AddEmpty(int64_t count) {
    num_empty_ += count;
    return Check();
  }
  /// Fails with CapacityError once there was too much.
  Status Check() const {
    return num_keys_ <= max_keys_ && num_empty_ <= max_empty_ ? Status::OK() : TooMuch();
  }

 private:
  static constexpr int64_t kEmptyRowsPerKey = 1000;
  static constexpr int64_t kEmptyPerTextByte = 4;
  Status TooMuch() const;

  const int64_t max_keys_;
  int64_t max_empty_;
  int64_t num_keys_ = 0;
  int64_t num_empty_ = 0;  // values that a row did not have
};

/// Values of one place in JSON objects, gathered row by row, whose type follows from them as in
/// Arrow's JSON reader: null, bool, int64 and then double, timestamp[s] and then string, list,
/// struct. A value of another kind than the ones before fails with Invalid. One thread.
class JsonColumn {
 public:
  JsonColumn(JsonExtent* extent, arrow::MemoryPool* pool);
  ~JsonColumn();

  Status AppendNull() { return AppendNulls(1); }
  Status AppendNulls(int64_t count);
  Status AppendBool(bool value);
  Status AppendInt(int64_t value);
  Status AppendDouble(double value);
  Status AppendString(std::string_view value);
  /// The column of a list's items; EndList() makes those appended since the last call a value.
  Result<JsonColumn*> BeginList();
  Status EndList();
  /// The fields of a struct; EndStruct() makes their new row a value.
  Result<JsonFields*> BeginStruct();
  Status EndStruct();
  int64_t length() const { return length_; }

  /// The column as `type`, nullptr: the one that follows from its values. `type` has nullable
  /// fields of the types above (IsJsonType); struct fields that it does not name come after its
  /// own. Fails with Invalid where values do not have the type. The column is used up.
  Result<std::shared_ptr<arrow::ArrayData>> Finish(const std::shared_ptr<arrow::DataType>& type);

 private:
  enum class Kind : uint8_t { kNull, kBool, kInt, kDouble, kString, kList, kStruct };

  /// Becomes a column of `kind`, if it has only had nulls so far.
  Status Become(Kind kind);
  void WidenToDouble();
  Status CountRow(bool valid);

  std::shared_ptr<arrow::DataType> InferredType() const;
  Result<std::shared_ptr<arrow::ArrayData>> FinishNulls(
      const std::shared_ptr<arrow::DataType>& type);
  Result<std::shared_ptr<arrow::ArrayData>> FinishTimestamps(
      const std::shared_ptr<arrow::DataType>& type, std::shared_ptr<arrow::Buffer> validity);
  bool AllTimestamps() const;
  std::string_view StringAt(int64_t row) const;

  JsonExtent* const extent_;  // of all columns; outlives them
  arrow::MemoryPool* const pool_;
  Kind kind_ = Kind::kNull;
  int64_t length_ = 0;
  int64_t num_nulls_ = 0;
  arrow::TypedBufferBuilder<bool> valid_;     // empty while there is no null
  arrow::TypedBufferBuilder<bool> bools_;     // kBool
  arrow::TypedBufferBuilder<int64_t> words_;  // kInt; kDouble: bits
  arrow::TypedBufferBuilder<int32_t> ends_;   // kString, kList: offsets but for the first, 0
  arrow::BufferBuilder bytes_;                // kString
  std::unique_ptr<JsonColumn> items_;         // kList
  std::unique_ptr<JsonFields> fields_;        // kStruct
};

/// The columns of objects, in the order in which their names appear first.
class JsonFields {
 public:
  JsonFields(JsonExtent* extent, arrow::MemoryPool* pool) : extent_(extent), pool_(pool) {}

  /// The column of `name` for the next row's value; made when it is new. Fails with Invalid where
  /// the row has a value already.
  Result<JsonColumn*> Column(std::string_view name);
  /// Columns without a value get a null.
  Status EndRow();
  /// Rows of nulls.
  Status AppendNulls(int64_t count);
  int64_t num_rows() const { return num_rows_; }

  struct Finished {
    arrow::FieldVector fields;
    arrow::ArrayDataVector arrays;
  };
  /// Those of `expected` first, also where no object has them.
  Result<Finished> Finish(const arrow::FieldVector& expected);

 private:
  JsonExtent* const extent_;
  arrow::MemoryPool* const pool_;
  int64_t num_rows_ = 0;
  size_t likely_ = 0;     // column of the next name, if this row has the order of the others
  size_t num_given_ = 0;  // values of this row
  std::vector<std::string> names_;
  std::unordered_map<std::string, size_t> numbers_;  // of the columns, by name
  std::vector<std::unique_ptr<JsonColumn>> columns_;
};

/// Whether JsonColumn can give columns of `type`.
bool IsJsonType(const arrow::DataType& type);

}  // namespace headrace::datasource
