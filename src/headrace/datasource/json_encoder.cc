// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/json_encoder.h"

#include <arrow/array.h>
#include <arrow/compute/cast.h>
#include <arrow/util/base64.h>
#include <arrow/util/float16.h>

#include <charconv>
#include <cmath>
#include <cstring>
#include <vector>

#include "headrace/block/tensor.h"

namespace headrace::datasource {
namespace {

void AppendText(std::string_view text, std::string* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  out->push_back('"');
  size_t copied = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out->append(text.substr(copied, i - copied));
    copied = i + 1;
    out->push_back('\\');
    switch (c) {
      case '"':
      case '\\':
        out->push_back(text[i]);
        break;
      case '\n':
        out->push_back('n');
        break;
      case '\r':
        out->push_back('r');
        break;
      case '\t':
        out->push_back('t');
        break;
      default:
        out->append("u00");
        out->push_back(kHex[c >> 4]);
        out->push_back(kHex[c & 15]);
    }
  }
  out->append(text.substr(copied));
  out->push_back('"');
}

template <typename Number>
void AppendNumber(Number value, std::string* out) {
  if constexpr (std::is_floating_point_v<Number>) {
    if (!std::isfinite(value)) {
      out->append("null");
      return;
    }
  }
  char text[32];
  const auto end = std::to_chars(text, text + sizeof(text), value);
  out->append(text, end.ptr);
  if constexpr (std::is_floating_point_v<Number>) {
    // 3.0 must not come back as an integer.
    if (std::string_view(text, end.ptr - text).find_first_of(".e") == std::string_view::npos) {
      out->append(".0");
    }
  }
}

/// Appends the value at a row of one array.
class CellWriter {
 public:
  virtual ~CellWriter() = default;
  virtual void Append(int64_t row, std::string* out) const = 0;
};

/// Null or what `Value` appends: one virtual call per cell.
template <typename ArrayType, typename Value>
class ValueWriter final : public CellWriter {
 public:
  ValueWriter(std::shared_ptr<arrow::Array> array, Value value)
      : holder_(std::move(array)),
        array_(static_cast<const ArrayType&>(*holder_)),
        has_nulls_(holder_->null_count() > 0),
        value_(std::move(value)) {}
  void Append(int64_t row, std::string* out) const override {
    if (has_nulls_ && array_.IsNull(row)) {
      out->append("null");
    } else {
      value_(array_, row, out);
    }
  }

 private:
  const std::shared_ptr<arrow::Array> holder_;
  const ArrayType& array_;
  const bool has_nulls_;
  const Value value_;
};

using WriterPtr = std::unique_ptr<CellWriter>;

template <typename ArrayType, typename Value>
WriterPtr Make(std::shared_ptr<arrow::Array> array, Value value) {
  return std::make_unique<ValueWriter<ArrayType, Value>>(std::move(array), std::move(value));
}

template <typename ArrayType>
WriterPtr MakeNumber(std::shared_ptr<arrow::Array> array) {
  return Make<ArrayType>(std::move(array),
                         [](const ArrayType& values, int64_t row, std::string* out) {
                           AppendNumber(values.Value(row), out);
                         });
}

template <typename ArrayType>
WriterPtr MakeText(std::shared_ptr<arrow::Array> array) {
  return Make<ArrayType>(std::move(array),
                         [](const ArrayType& values, int64_t row, std::string* out) {
                           AppendText(values.GetView(row), out);
                         });
}

template <typename ArrayType>
WriterPtr MakeBase64(std::shared_ptr<arrow::Array> array) {
  return Make<ArrayType>(
      std::move(array), [](const ArrayType& values, int64_t row, std::string* out) {
        AppendText(arrow::util::base64_encode(std::string_view(values.GetView(row))), out);
      });
}

Result<WriterPtr> MakeWriter(const std::shared_ptr<arrow::Array>& array);

template <typename ArrayType>
Result<WriterPtr> MakeList(const std::shared_ptr<arrow::Array>& array) {
  const auto& list = static_cast<const ArrayType&>(*array);
  ARROW_ASSIGN_OR_RAISE(WriterPtr items, MakeWriter(list.values()));
  return Make<ArrayType>(array, [items = std::shared_ptr<CellWriter>(std::move(items))](
                                    const ArrayType& values, int64_t row, std::string* out) {
    out->push_back('[');
    const int64_t begin = values.value_offset(row);
    const int64_t end = begin + values.value_length(row);
    for (int64_t i = begin; i < end; ++i) {
      if (i > begin) out->push_back(',');
      items->Append(i, out);
    }
    out->push_back(']');
  });
}

/// The keys with quotes and colon, ready to be written, and the writers of their values.
struct Fields {
  std::vector<std::string> keys;
  std::vector<WriterPtr> values;

  void Append(int64_t row, std::string* out) const {
    out->push_back('{');
    for (size_t i = 0; i < values.size(); ++i) {
      if (i > 0) out->push_back(',');
      out->append(keys[i]);
      values[i]->Append(row, out);
    }
    out->push_back('}');
  }
  Status Add(const std::string& name, const std::shared_ptr<arrow::Array>& array) {
    auto writer = MakeWriter(array);
    if (!writer.ok()) return WithPrefix(writer.status(), "column '" + name + "': ");
    std::string key;
    AppendText(name, &key);
    key.push_back(':');
    keys.push_back(std::move(key));
    values.push_back(*std::move(writer));
    return Status::OK();
  }
};

Result<WriterPtr> MakeStruct(const std::shared_ptr<arrow::Array>& array) {
  const auto& structs = static_cast<const arrow::StructArray&>(*array);
  auto fields = std::make_shared<Fields>();
  for (int i = 0; i < structs.num_fields(); ++i) {
    ARROW_RETURN_NOT_OK(fields->Add(structs.struct_type()->field(i)->name(), structs.field(i)));
  }
  return Make<arrow::StructArray>(array, [fields](const arrow::StructArray&, int64_t row,
                                                  std::string* out) { fields->Append(row, out); });
}

/// Types whose text Arrow makes: decimals, dates, times.
Result<WriterPtr> MakeByCast(const std::shared_ptr<arrow::Array>& array, bool is_timestamp) {
  ARROW_ASSIGN_OR_RAISE(auto text, arrow::compute::Cast(*array, arrow::utf8()));
  if (!is_timestamp) return MakeText<arrow::StringArray>(std::move(text));
  return Make<arrow::StringArray>(
      std::move(text), [](const arrow::StringArray& values, int64_t row, std::string* out) {
        // "2024-01-02 03:04:05Z" -> with the T of ISO 8601.
        const size_t start = out->size();
        AppendText(values.GetView(row), out);
        const size_t space = out->find(' ', start);
        if (space != std::string::npos) (*out)[space] = 'T';
      });
}

/// The elements of a tensor as nested lists.
Result<WriterPtr> MakeTensor(const std::shared_ptr<arrow::Array>& array) {
  const auto& storage = static_cast<const arrow::ExtensionArray&>(*array).storage();
  const auto& list = static_cast<const arrow::FixedSizeListArray&>(*storage);
  ARROW_ASSIGN_OR_RAISE(WriterPtr items, MakeWriter(list.values()));
  return Make<arrow::FixedSizeListArray>(
      storage,
      [items = std::shared_ptr<CellWriter>(std::move(items)), shape = TensorShape(*array->type())](
          const arrow::FixedSizeListArray& values, int64_t row, std::string* out) {
        int64_t next = values.value_offset(row);
        auto append = [&](auto&& self, size_t axis) -> void {
          if (axis == shape.size()) {
            items->Append(next++, out);
            return;
          }
          out->push_back('[');
          for (int64_t i = 0; i < shape[axis]; ++i) {
            if (i > 0) out->push_back(',');
            self(self, axis + 1);
          }
          out->push_back(']');
        };
        append(append, 0);
      });
}

Result<WriterPtr> MakeDictionary(const std::shared_ptr<arrow::Array>& array) {
  const auto& dictionary = static_cast<const arrow::DictionaryArray&>(*array);
  ARROW_ASSIGN_OR_RAISE(WriterPtr values, MakeWriter(dictionary.dictionary()));
  return Make<arrow::DictionaryArray>(
      array, [values = std::shared_ptr<CellWriter>(std::move(values))](
                 const arrow::DictionaryArray& column, int64_t row, std::string* out) {
        values->Append(column.GetValueIndex(row), out);
      });
}

Result<WriterPtr> MakeWriter(const std::shared_ptr<arrow::Array>& array) {
  switch (array->type_id()) {
    case arrow::Type::NA:
      return Make<arrow::NullArray>(
          array, [](const arrow::NullArray&, int64_t, std::string* out) { out->append("null"); });
    case arrow::Type::BOOL:
      return Make<arrow::BooleanArray>(
          array, [](const arrow::BooleanArray& values, int64_t row, std::string* out) {
            out->append(values.Value(row) ? "true" : "false");
          });
    case arrow::Type::INT8:
      return MakeNumber<arrow::Int8Array>(array);
    case arrow::Type::INT16:
      return MakeNumber<arrow::Int16Array>(array);
    case arrow::Type::INT32:
      return MakeNumber<arrow::Int32Array>(array);
    case arrow::Type::INT64:
      return MakeNumber<arrow::Int64Array>(array);
    case arrow::Type::UINT8:
      return MakeNumber<arrow::UInt8Array>(array);
    case arrow::Type::UINT16:
      return MakeNumber<arrow::UInt16Array>(array);
    case arrow::Type::UINT32:
      return MakeNumber<arrow::UInt32Array>(array);
    case arrow::Type::UINT64:
      return MakeNumber<arrow::UInt64Array>(array);
    case arrow::Type::HALF_FLOAT:
      return Make<arrow::HalfFloatArray>(
          array, [](const arrow::HalfFloatArray& values, int64_t row, std::string* out) {
            AppendNumber(arrow::util::Float16::FromBits(values.Value(row)).ToFloat(), out);
          });
    case arrow::Type::FLOAT:
      return MakeNumber<arrow::FloatArray>(array);
    case arrow::Type::DOUBLE:
      return MakeNumber<arrow::DoubleArray>(array);
    case arrow::Type::STRING:
      return MakeText<arrow::StringArray>(array);
    case arrow::Type::LARGE_STRING:
      return MakeText<arrow::LargeStringArray>(array);
    case arrow::Type::BINARY:
      return MakeBase64<arrow::BinaryArray>(array);
    case arrow::Type::LARGE_BINARY:
      return MakeBase64<arrow::LargeBinaryArray>(array);
    case arrow::Type::FIXED_SIZE_BINARY:
      return MakeBase64<arrow::FixedSizeBinaryArray>(array);
    case arrow::Type::DURATION:
      return Make<arrow::DurationArray>(
          array, [](const arrow::DurationArray& values, int64_t row, std::string* out) {
            AppendNumber(values.Value(row), out);
          });
    case arrow::Type::TIMESTAMP:
      return MakeByCast(array, /*is_timestamp=*/true);
    case arrow::Type::DATE32:
    case arrow::Type::DATE64:
    case arrow::Type::TIME32:
    case arrow::Type::TIME64:
    case arrow::Type::DECIMAL128:
    case arrow::Type::DECIMAL256:
      return MakeByCast(array, /*is_timestamp=*/false);
    case arrow::Type::LIST:
    case arrow::Type::MAP:
      return MakeList<arrow::ListArray>(array);
    case arrow::Type::LARGE_LIST:
      return MakeList<arrow::LargeListArray>(array);
    case arrow::Type::FIXED_SIZE_LIST:
      return MakeList<arrow::FixedSizeListArray>(array);
    case arrow::Type::STRUCT:
      return MakeStruct(array);
    case arrow::Type::DICTIONARY:
      return MakeDictionary(array);
    case arrow::Type::EXTENSION:
      if (IsFixedShapeTensor(*array->type())) return MakeTensor(array);
      if (!IsObject(*array->type())) {
        return MakeWriter(static_cast<const arrow::ExtensionArray&>(*array).storage());
      }
      [[fallthrough]];
    default:
      return Status::TypeError(array->type()->ToString(), " has no JSON form");
  }
}

}  // namespace

Status AppendJsonLines(const Block& block, std::string* out) {
  Fields fields;
  for (int i = 0; i < block.num_columns(); ++i) {
    ARROW_RETURN_NOT_OK(fields.Add(block.schema()->field(i)->name(), block.batch()->column(i)));
  }
  for (int64_t row = 0; row < block.num_rows(); ++row) {
    fields.Append(row, out);
    out->push_back('\n');
  }
  return Status::OK();
}

}  // namespace headrace::datasource
