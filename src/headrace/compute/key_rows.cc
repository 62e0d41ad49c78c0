// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/key_rows.h"

#include <arrow/array/builder_binary.h>
#include <arrow/buffer.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/bit_util.h>

#include <cstring>

namespace headrace::compute {
namespace {

bool IsText(const arrow::DataType& type) {
  return arrow::is_base_binary_like(type.id()) || type.id() == arrow::Type::FIXED_SIZE_BINARY;
}

int64_t WordsOf(const arrow::DataType& type) {
  if (type.id() == arrow::Type::NA) return 0;
  if (IsText(type) || type.id() == arrow::Type::BOOL) return 1;
  return std::max<int64_t>(1, type.byte_width() / 8);
}

template <typename Builder>
Result<std::shared_ptr<arrow::Array>> Build(Builder builder,
                                            std::span<const std::string_view> texts,
                                            const uint8_t* validity) {
  int64_t bytes = 0;
  for (const auto text : texts) bytes += static_cast<int64_t>(text.size());
  ARROW_RETURN_NOT_OK(builder.Reserve(static_cast<int64_t>(texts.size())));
  if constexpr (!std::is_same_v<Builder, arrow::FixedSizeBinaryBuilder>) {
    ARROW_RETURN_NOT_OK(builder.ReserveData(bytes));
  }
  for (size_t i = 0; i < texts.size(); ++i) {
    if (validity != nullptr && !arrow::bit_util::GetBit(validity, static_cast<int64_t>(i))) {
      builder.UnsafeAppendNull();
    } else if constexpr (std::is_same_v<Builder, arrow::FixedSizeBinaryBuilder>) {
      builder.UnsafeAppend(reinterpret_cast<const uint8_t*>(texts[i].data()));
    } else {
      builder.UnsafeAppend(texts[i]);
    }
  }
  return builder.Finish();
}

}  // namespace

KeyRows::KeyRows(const std::vector<std::shared_ptr<arrow::DataType>>& types) {
  for (const auto& type : types) {
    columns_.push_back({type, IsText(*type), words_per_row_});
    words_per_row_ += WordsOf(*type);
    has_text_ |= columns_.back().is_text;
  }
}

void KeyRows::Encode(std::span<const HashKeyColumn> keys, int64_t begin, int64_t count,
                     std::vector<std::string_view>* rows) {
  words_.assign(static_cast<size_t>(count * words_per_row_), 0);
  int64_t text_bytes = 0;
  for (size_t c = 0; c < keys.size(); ++c) {
    const HashKeyColumn& key = keys[c];
    uint64_t* const words = words_.data() + columns_[c].first_word;
    if (columns_[c].is_text) {
      for (int64_t i = 0; i < count; ++i) {
        if (key.IsNull(begin + i)) continue;
        const uint64_t size = key.Bytes(begin + i).size();
        words[i * words_per_row_] = size;
        text_bytes += static_cast<int64_t>(size);
      }
    } else {
      key.Words(begin, count, words_per_row_, words);
    }
    if (!key.has_nulls()) continue;
    for (int64_t i = 0; i < count; ++i) {
      if (key.IsNull(begin + i)) words_[i * words_per_row_] |= uint64_t{1} << c;
    }
  }
  rows->resize(static_cast<size_t>(count));
  const auto word_bytes = static_cast<size_t>(words_per_row_ * 8);
  if (!has_text_) {
    for (int64_t i = 0; i < count; ++i) {
      (*rows)[i] = {reinterpret_cast<const char*>(words_.data() + i * words_per_row_), word_bytes};
    }
    return;
  }
  bytes_.resize(static_cast<size_t>(count) * word_bytes + static_cast<size_t>(text_bytes));
  char* at = bytes_.data();
  for (int64_t i = 0; i < count; ++i) {
    char* const row = at;
    std::memcpy(at, words_.data() + i * words_per_row_, word_bytes);
    at += word_bytes;
    for (size_t c = 0; c < keys.size(); ++c) {
      if (!columns_[c].is_text || keys[c].IsNull(begin + i)) continue;
      const std::string_view text = keys[c].Bytes(begin + i);
      std::memcpy(at, text.data(), text.size());
      at += text.size();
    }
    (*rows)[i] = {row, static_cast<size_t>(at - row)};
  }
}

Result<arrow::ArrayVector> KeyRows::Decode(std::span<const std::string_view> rows,
                                           arrow::MemoryPool* pool) const {
  const auto num_rows = static_cast<int64_t>(rows.size());
  std::vector<uint64_t> words(static_cast<size_t>(num_rows * words_per_row_));
  std::vector<const char*> text_at(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    std::memcpy(words.data() + i * words_per_row_, rows[i].data(), words_per_row_ * 8);
    text_at[i] = rows[i].data() + words_per_row_ * 8;
  }
  arrow::ArrayVector arrays;
  for (size_t c = 0; c < columns_.size(); ++c) {
    const Column& column = columns_[c];
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> validity,
                          arrow::AllocateEmptyBitmap(num_rows, pool));
    bool has_nulls = false;
    for (int64_t i = 0; i < num_rows; ++i) {
      const bool is_null = (words[i * words_per_row_] >> c & 1) != 0;
      has_nulls |= is_null;
      arrow::bit_util::SetBitTo(validity->mutable_data(), i, !is_null);
    }
    if (!has_nulls) validity = nullptr;
    Result<std::shared_ptr<arrow::Array>> array;
    if (column.is_text) {
      std::vector<std::string_view> texts(rows.size());
      for (size_t i = 0; i < rows.size(); ++i) {
        const uint64_t size = words[i * words_per_row_ + column.first_word];
        texts[i] = {text_at[i], size};
        text_at[i] += size;
      }
      array = ArrayOfTexts(column.type, texts, validity ? validity->data() : nullptr, pool);
    } else {
      array = ArrayOfWords(column.type, words.data() + column.first_word, words_per_row_, num_rows,
                           std::move(validity), pool);
    }
    ARROW_RETURN_NOT_OK(array.status());
    arrays.push_back(array.MoveValueUnsafe());
  }
  return arrays;
}

Result<std::shared_ptr<arrow::Array>> ArrayOfTexts(const std::shared_ptr<arrow::DataType>& type,
                                                   std::span<const std::string_view> texts,
                                                   const uint8_t* validity,
                                                   arrow::MemoryPool* pool) {
  switch (type->id()) {
    case arrow::Type::STRING:
      return Build(arrow::StringBuilder(pool), texts, validity);
    case arrow::Type::BINARY:
      return Build(arrow::BinaryBuilder(pool), texts, validity);
    case arrow::Type::LARGE_STRING:
      return Build(arrow::LargeStringBuilder(pool), texts, validity);
    case arrow::Type::LARGE_BINARY:
      return Build(arrow::LargeBinaryBuilder(pool), texts, validity);
    default:
      return Build(arrow::FixedSizeBinaryBuilder(type, pool), texts, validity);
  }
}

}  // namespace headrace::compute
