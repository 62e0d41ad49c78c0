// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/hash_key_column.h"

#include <arrow/array/array_binary.h>
#include <arrow/array/array_dict.h>
#include <arrow/array/array_primitive.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/bit_util.h>

#include <bit>
#include <limits>

namespace headrace::compute {
namespace {

/// Words of a value; -1 where values are no words.
int WordsOf(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::NA:
      return 0;
    case arrow::Type::DECIMAL128:
    case arrow::Type::INTERVAL_MONTH_DAY_NANO:
      return 2;
    case arrow::Type::DECIMAL256:
      return 4;
    case arrow::Type::FIXED_SIZE_BINARY:
      return -1;
    default:
      return arrow::is_fixed_width(type.id()) ? 1 : -1;
  }
}

uint64_t WordOfDouble(double value) {
  if (value != value) value = std::numeric_limits<double>::quiet_NaN();
  return std::bit_cast<uint64_t>(value + 0.0);  // -0.0 + 0.0 is 0.0
}

uint64_t WordOfHalf(uint16_t value) {
  if ((value & 0x7fff) > 0x7c00) return 0x7e00;  // every NaN is one
  return value == 0x8000 ? 0 : value;
}

template <typename C, typename ToWord>
void CopyWords(const arrow::Array& array, int64_t begin, int64_t count, int64_t stride,
               uint64_t* out, ToWord to_word) {
  const C* values = array.data()->GetValues<C>(1) + begin;
  for (int64_t i = 0; i < count; ++i) out[i * stride] = to_word(values[i]);
}

template <typename C>
void CopyIntegers(const arrow::Array& array, int64_t begin, int64_t count, int64_t stride,
                  uint64_t* out) {
  CopyWords<C>(array, begin, count, stride, out,
               [](C value) { return static_cast<uint64_t>(static_cast<int64_t>(value)); });
}

template <typename C, typename FromWord>
Result<std::shared_ptr<arrow::Buffer>> CopyBack(const uint64_t* words, int64_t stride,
                                                int64_t length, arrow::MemoryPool* pool,
                                                FromWord from_word) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(length * static_cast<int64_t>(sizeof(C)), pool));
  C* out = reinterpret_cast<C*>(buffer->mutable_data());
  for (int64_t i = 0; i < length; ++i) out[i] = from_word(words[i * stride]);
  return buffer;
}

template <typename C>
Result<std::shared_ptr<arrow::Buffer>> IntegersBack(const uint64_t* words, int64_t stride,
                                                    int64_t length, arrow::MemoryPool* pool) {
  return CopyBack<C>(words, stride, length, pool,
                     [](uint64_t word) { return static_cast<C>(word); });
}

Result<std::shared_ptr<arrow::Buffer>> BitsBack(const uint64_t* words, int64_t stride,
                                                int64_t length, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bits,
                        arrow::AllocateEmptyBitmap(length, pool));
  for (int64_t i = 0; i < length; ++i) {
    arrow::bit_util::SetBitTo(bits->mutable_data(), i, words[i * stride] != 0);
  }
  return bits;
}

Result<std::shared_ptr<arrow::Buffer>> WideBack(const uint64_t* words, int64_t stride,
                                                int64_t length, int num_words,
                                                arrow::MemoryPool* pool) {
  const int64_t width = num_words * 8;
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(length * width, pool));
  for (int64_t i = 0; i < length; ++i) {
    std::memcpy(buffer->mutable_data() + i * width, words + i * stride, width);
  }
  return buffer;
}

/// The rows of a dictionary as their places in it; -1 for null, in the indices or in the values.
Result<std::vector<int32_t>> CodesOf(const arrow::DictionaryArray& array) {
  std::vector<int32_t> codes(static_cast<size_t>(array.length()));
  const arrow::Array& values = *array.dictionary();
  if (values.length() > std::numeric_limits<int32_t>::max()) {
    return Status::CapacityError("a dictionary of ", values.length(), " values is too long");
  }
  const bool nulls = array.indices()->null_count() > 0 || values.null_count() > 0;
  for (int64_t i = 0; i < array.length(); ++i) {
    if (nulls && (array.indices()->IsNull(i) || values.IsNull(array.GetValueIndex(i)))) {
      codes[i] = -1;
    } else {
      codes[i] = static_cast<int32_t>(array.GetValueIndex(i));
    }
  }
  return codes;
}

}  // namespace

Status HashKeyColumn::SetValues(std::shared_ptr<arrow::Array> values, const std::string& name) {
  type_ = values->type();
  array_ = std::move(values);
  num_words_ = WordsOf(*type_);
  if (num_words_ >= 0) return Status::OK();
  form_ = Form::kBytes;
  num_words_ = 0;
  const arrow::ArrayData& data = *array_->data();
  if (type_->id() == arrow::Type::FIXED_SIZE_BINARY) {
    byte_width_ = type_->byte_width();
    if (data.length == 0) return Status::OK();
    bytes_ = reinterpret_cast<const char*>(data.buffers[1]->data()) + data.offset * byte_width_;
    return Status::OK();
  }
  if (!arrow::is_base_binary_like(type_->id())) {
    return Status::TypeError("Column '", name, "' of type ", type_->ToString(),
                             " cannot be a key: its values cannot be compared for equality");
  }
  if (arrow::is_binary_like(type_->id())) {
    offsets32_ = data.GetValues<int32_t>(1);
  } else {
    offsets64_ = data.GetValues<int64_t>(1);
  }
  static const char kNoBytes[1] = {};
  bytes_ = data.buffers[2] == nullptr ? kNoBytes
                                      : reinterpret_cast<const char*>(data.buffers[2]->data());
  return Status::OK();
}

Result<HashKeyColumn> HashKeyColumn::Make(std::shared_ptr<arrow::Array> array,
                                          const std::string& name) {
  HashKeyColumn column;
  column.length_ = array->length();
  if (array->type_id() != arrow::Type::DICTIONARY) {
    column.has_nulls_ = array->null_count() > 0;
    ARROW_RETURN_NOT_OK(column.SetValues(std::move(array), name));
    return column;
  }
  const auto& encoded = static_cast<const arrow::DictionaryArray&>(*array);
  ARROW_RETURN_NOT_OK(column.SetValues(encoded.dictionary(), name));
  if (column.form_ == Form::kBytes) {
    ARROW_ASSIGN_OR_RAISE(column.codes_, CodesOf(encoded));
    column.has_nulls_ = encoded.indices()->null_count() > 0 || column.array_->null_count() > 0;
    column.dictionary_ = column.array_;
    return column;
  }
  ARROW_ASSIGN_OR_RAISE(const arrow::Datum plain,
                        arrow::compute::Take(encoded.dictionary(), encoded.indices(),
                                             arrow::compute::TakeOptions::NoBoundsCheck()));
  return Make(plain.make_array(), name);
}

Result<std::vector<HashKeyColumn>> HashKeyColumn::MakeAll(const Block& block,
                                                          const std::vector<std::string>& names) {
  std::vector<HashKeyColumn> columns;
  for (const std::string& name : names) {
    ARROW_ASSIGN_OR_RAISE(auto array, FindColumn(block, name));
    ARROW_ASSIGN_OR_RAISE(HashKeyColumn column, Make(std::move(array), name));
    columns.push_back(std::move(column));
  }
  return columns;
}

void HashKeyColumn::Words(int64_t begin, int64_t count, int64_t stride, uint64_t* out) const {
  const arrow::Array& array = *array_;
  switch (type_->id()) {
    case arrow::Type::NA:
      return;
    case arrow::Type::BOOL: {
      const auto& bits = static_cast<const arrow::BooleanArray&>(array);
      for (int64_t i = 0; i < count; ++i) out[i * stride] = bits.Value(begin + i) ? 1 : 0;
      break;
    }
    case arrow::Type::HALF_FLOAT:
      CopyWords<uint16_t>(array, begin, count, stride, out, WordOfHalf);
      break;
    case arrow::Type::FLOAT:
      CopyWords<float>(array, begin, count, stride, out, WordOfDouble);
      break;
    case arrow::Type::DOUBLE:
      CopyWords<double>(array, begin, count, stride, out, WordOfDouble);
      break;
    case arrow::Type::UINT8:
      CopyIntegers<uint8_t>(array, begin, count, stride, out);
      break;
    case arrow::Type::UINT16:
      CopyIntegers<uint16_t>(array, begin, count, stride, out);
      break;
    case arrow::Type::UINT32:
      CopyIntegers<uint32_t>(array, begin, count, stride, out);
      break;
    case arrow::Type::INT8:
      CopyIntegers<int8_t>(array, begin, count, stride, out);
      break;
    case arrow::Type::INT16:
      CopyIntegers<int16_t>(array, begin, count, stride, out);
      break;
    default:
      if (num_words_ > 1) {
        const uint64_t* words =
            array.data()->GetValues<uint64_t>(1, 0) + (array.offset() + begin) * num_words_;
        for (int64_t i = 0; i < count; ++i) {
          std::memcpy(out + i * stride, words + i * num_words_, num_words_ * sizeof(uint64_t));
        }
      } else if (type_->byte_width() == 4) {
        CopyIntegers<int32_t>(array, begin, count, stride, out);
      } else {
        CopyIntegers<int64_t>(array, begin, count, stride, out);
      }
  }
  if (!has_nulls_) return;
  for (int64_t i = 0; i < count; ++i) {
    if (!array.IsNull(begin + i)) continue;
    for (int word = 0; word < num_words_; ++word) out[i * stride + word] = 0;
  }
}

Result<std::shared_ptr<arrow::Array>> FindColumn(const Block& block, const std::string& name) {
  auto column = block.batch()->GetColumnByName(name);
  if (column != nullptr) return column;
  std::string names;
  for (const std::string& present : block.schema()->field_names()) {
    names += (names.empty() ? "'" : ", '") + present + "'";
  }
  return Status::KeyError("Column '", name, "' does not exist exactly once; there are: ", names);
}

Result<std::shared_ptr<arrow::Array>> ArrayOfWords(const std::shared_ptr<arrow::DataType>& type,
                                                   const uint64_t* words, int64_t stride,
                                                   int64_t length,
                                                   std::shared_ptr<arrow::Buffer> validity,
                                                   arrow::MemoryPool* pool) {
  if (type->id() == arrow::Type::NA) return arrow::MakeArrayOfNull(type, length, pool);
  const int num_words = WordsOf(*type);
  Result<std::shared_ptr<arrow::Buffer>> values;
  switch (type->id()) {
    case arrow::Type::BOOL:
      values = BitsBack(words, stride, length, pool);
      break;
    case arrow::Type::FLOAT:
      values = CopyBack<float>(words, stride, length, pool, [](uint64_t word) {
        return static_cast<float>(std::bit_cast<double>(word));
      });
      break;
    default:
      if (num_words > 1) {
        values = WideBack(words, stride, length, num_words, pool);
        break;
      }
      switch (type->byte_width()) {
        case 1:
          values = IntegersBack<uint8_t>(words, stride, length, pool);
          break;
        case 2:
          values = IntegersBack<uint16_t>(words, stride, length, pool);
          break;
        case 4:
          values = IntegersBack<uint32_t>(words, stride, length, pool);
          break;
        default:
          values = IntegersBack<uint64_t>(words, stride, length, pool);
      }
  }
  ARROW_RETURN_NOT_OK(values.status());
  return arrow::MakeArray(
      arrow::ArrayData::Make(type, length, {std::move(validity), values.MoveValueUnsafe()}));
}

}  // namespace headrace::compute
