// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/array/array_base.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/block.h"

namespace headrace::compute {

/// A key column in the form in which keys are hashed and compared: equal keys are equal words or
/// equal bytes, whatever array they come from. Integers of any width are sign-extended words, float
/// and double are the words of doubles, -0.0 is 0.0, every NaN is one NaN; strings, binary and
/// fixed-size binary are bytes; a dictionary is its values. Null is a word of its own kind: see
/// IsNull. Immutable; keeps the array alive.
class HashKeyColumn {
 public:
  enum class Form : uint8_t { kWords, kBytes };

  /// Fails with TypeError, naming `name` and the type, where values cannot be compared for
  /// equality (nested and extension types).
  static Result<HashKeyColumn> Make(std::shared_ptr<arrow::Array> array, const std::string& name);
  /// The columns `names` of `block`. Fails with KeyError for one that is not there.
  static Result<std::vector<HashKeyColumn>> MakeAll(const Block& block,
                                                    const std::vector<std::string>& names);

  /// Type of the values: never a dictionary.
  const std::shared_ptr<arrow::DataType>& type() const { return type_; }
  Form form() const { return form_; }
  /// Words per value: 1, of wide decimals 2 or 4, of the null type 0. kBytes: 0.
  int num_words() const { return num_words_; }
  int64_t length() const { return length_; }
  bool has_nulls() const { return has_nulls_; }
  bool IsNull(int64_t row) const {
    if (!has_nulls_) return false;
    if (!codes_.empty()) return codes_[row] < 0;
    return array_->IsNull(row);
  }
  /// Writes the values of the rows [begin, begin + count), one every `stride` words; nulls are 0.
  void Words(int64_t begin, int64_t count, int64_t stride, uint64_t* out) const;
  /// kBytes; a null is empty.
  std::string_view Bytes(int64_t row) const {
    if (codes_.empty()) return Value(row);
    return codes_[row] < 0 ? std::string_view() : Value(codes_[row]);
  }

  /// Of a dictionary of bytes: the place of each row's value in `dictionary()`, -1 for null. Empty
  /// for all other columns.
  const std::vector<int32_t>& codes() const { return codes_; }
  /// Values behind codes(), as kBytes; nullptr without codes.
  const std::shared_ptr<arrow::Array>& dictionary() const { return dictionary_; }
  int64_t dictionary_size() const { return dictionary_ == nullptr ? 0 : dictionary_->length(); }
  std::string_view DictionaryValue(int32_t code) const { return Value(code); }

 private:
  Status SetValues(std::shared_ptr<arrow::Array> values, const std::string& name);
  std::string_view Value(int64_t i) const {
    if (offsets32_ != nullptr) {
      return {bytes_ + offsets32_[i], static_cast<size_t>(offsets32_[i + 1] - offsets32_[i])};
    }
    if (offsets64_ != nullptr) {
      return {bytes_ + offsets64_[i], static_cast<size_t>(offsets64_[i + 1] - offsets64_[i])};
    }
    return {bytes_ + i * byte_width_, static_cast<size_t>(byte_width_)};
  }

  std::shared_ptr<arrow::DataType> type_;
  std::shared_ptr<arrow::Array> array_;  // of the rows, or of the dictionary
  std::shared_ptr<arrow::Array> dictionary_;
  std::vector<int32_t> codes_;
  int64_t length_ = 0;
  Form form_ = Form::kWords;
  int num_words_ = 1;
  bool has_nulls_ = false;
  const int32_t* offsets32_ = nullptr;
  const int64_t* offsets64_ = nullptr;
  int32_t byte_width_ = 0;
  const char* bytes_ = nullptr;
};

/// The column `name` of `block`; KeyError, with the columns that are there, when it is not.
Result<std::shared_ptr<arrow::Array>> FindColumn(const Block& block, const std::string& name);

/// The array of `type` whose words HashKeyColumn::Words would write: value i begins at
/// words[i * stride]. Rows whose bit in `validity` is 0 are null; nullptr: none is.
Result<std::shared_ptr<arrow::Array>> ArrayOfWords(const std::shared_ptr<arrow::DataType>& type,
                                                   const uint64_t* words, int64_t stride,
                                                   int64_t length,
                                                   std::shared_ptr<arrow::Buffer> validity,
                                                   arrow::MemoryPool* pool);

}  // namespace headrace::compute
