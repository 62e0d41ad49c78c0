// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/repeated_strings.h"

#include <arrow/array/array_dict.h>
#include <arrow/array/array_primitive.h>
#include <arrow/util/bitmap_ops.h>

#include <algorithm>
#include <vector>

#include "headrace/datasource/dictionary_strings.h"
#include "headrace/datasource/row_selection.h"

namespace headrace::datasource {
namespace {

/// Dictionary arrays whose values can be numbered anew.
const arrow::DictionaryArray* AsStringDictionary(const arrow::Array& column) {
  if (column.type_id() != arrow::Type::DICTIONARY) return nullptr;
  const auto& dictionary = static_cast<const arrow::DictionaryArray&>(column);
  return IsStringDictionary(dictionary) && dictionary.dictionary()->null_count() == 0 ? &dictionary
                                                                                      : nullptr;
}

}  // namespace

Result<bool> RepeatedStrings::EncodeRows(const arrow::Array& column, int32_t* out) {
  const auto* given = AsStringDictionary(column);
  if (given == nullptr) {
    return codes_.Encode(static_cast<const arrow::BinaryArray&>(column), out);
  }
  const auto& values = static_cast<const arrow::BinaryArray&>(*given->dictionary());
  if (values.length() > StringCodes::kMaxValues) return false;
  std::vector<int32_t> code_of(std::max<int64_t>(1, values.length()));
  if (!codes_.Encode(values, code_of.data())) return false;
  const int32_t* const index =
      static_cast<const arrow::Int32Array&>(*given->indices()).raw_values();
  const bool has_nulls = given->null_count() > 0;
  for (int64_t row = 0; row < given->length(); ++row) {
    out[row] = has_nulls && given->IsNull(row) ? 0 : code_of[index[row]];
  }
  return true;
}

Result<std::shared_ptr<arrow::Array>> RepeatedStrings::Encode(
    const std::shared_ptr<arrow::Array>& column, bool begins_row_group, arrow::MemoryPool* pool) {
  const bool is_dictionary = column->type_id() == arrow::Type::DICTIONARY;
  if (has_many_values_ || (is_dictionary && AsStringDictionary(*column) == nullptr)) {
    return ExpandDictionary(column, pool);
  }
  const int64_t rows = column->length();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> indices,
                        arrow::AllocateBuffer(rows * sizeof(int32_t), pool));
  auto* const codes = reinterpret_cast<int32_t*>(indices->mutable_data());
  ARROW_ASSIGN_OR_RAISE(const bool has_few_values, EncodeRows(*column, codes));
  has_many_values_ = !has_few_values;
  if (has_many_values_) return ExpandDictionary(column, pool);

  const auto& type = is_dictionary
                         ? static_cast<const arrow::DictionaryType&>(*column->type()).value_type()
                         : column->type();
  if (begins_row_group) {
    dictionary_.reset();
    // Without any value the writer gets strings, and nothing else until the next row group: it
    // takes no dictionary after strings.
    if (codes_.size() > 0) ARROW_RETURN_NOT_OK(codes_.Values(type, pool).Value(&dictionary_));
  }
  const bool are_known = dictionary_ != nullptr &&
                         (codes_.size() == dictionary_->length() ||
                          std::all_of(codes, codes + rows,
                                      [&](int32_t code) { return code < dictionary_->length(); }));
  if (!are_known) return ExpandDictionary(column, pool);

  std::shared_ptr<arrow::Buffer> validity;
  if (column->null_count() > 0) {
    ARROW_ASSIGN_OR_RAISE(validity, arrow::internal::CopyBitmap(pool, column->null_bitmap_data(),
                                                                column->offset(), rows));
  }
  auto data =
      arrow::ArrayData::Make(arrow::dictionary(arrow::int32(), type), rows,
                             {std::move(validity), std::move(indices)}, column->null_count());
  data->dictionary = dictionary_->data();
  return arrow::MakeArray(std::move(data));
}

}  // namespace headrace::datasource
