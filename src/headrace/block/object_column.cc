// SPDX-License-Identifier: Apache-2.0
#include "headrace/block/object_column.h"

#include <arrow/array/builder_binary.h>
#include <arrow/extension_type.h>
#include <arrow/scalar.h>

#include <bit>
#include <limits>

#include "headrace/block/tensor.h"

namespace headrace {
namespace {

// Opcodes of Python's pickle protocol 3 (Lib/pickletools.py describes each).
class Pickle {
 public:
  Status Value(const arrow::Scalar& scalar) {
    if (!scalar.is_valid) return Byte('N');
    switch (scalar.type->id()) {
      case arrow::Type::BOOL:
        return Byte(static_cast<const arrow::BooleanScalar&>(scalar).value ? '\x88' : '\x89');
      case arrow::Type::FLOAT:
        return Float(static_cast<const arrow::FloatScalar&>(scalar).value);
      case arrow::Type::DOUBLE:
        return Float(static_cast<const arrow::DoubleScalar&>(scalar).value);
      case arrow::Type::STRING:
      case arrow::Type::LARGE_STRING:
        return Text('X', static_cast<const arrow::BaseBinaryScalar&>(scalar).view());
      case arrow::Type::BINARY:
      case arrow::Type::LARGE_BINARY:
        return Text('B', static_cast<const arrow::BaseBinaryScalar&>(scalar).view());
      case arrow::Type::LIST:
      case arrow::Type::LARGE_LIST:
      case arrow::Type::FIXED_SIZE_LIST:
        return List(*static_cast<const arrow::BaseListScalar&>(scalar).value);
      case arrow::Type::STRUCT:
        return Struct(static_cast<const arrow::StructScalar&>(scalar));
      case arrow::Type::DICTIONARY: {
        ARROW_ASSIGN_OR_RAISE(
            auto value, static_cast<const arrow::DictionaryScalar&>(scalar).GetEncodedValue());
        return Value(*value);
      }
      default:
        break;
    }
    if (!arrow::is_integer(scalar.type->id())) {
      return Status::TypeError("Values of type ", scalar.type->ToString(),
                               " cannot share a column with Python objects");
    }
    if (scalar.type->id() == arrow::Type::UINT64) {
      return Integer(static_cast<const arrow::UInt64Scalar&>(scalar).value, /*negative=*/false);
    }
    ARROW_ASSIGN_OR_RAISE(auto wide, scalar.CastTo(arrow::int64()));
    const int64_t value = static_cast<const arrow::Int64Scalar&>(*wide).value;
    return Integer(static_cast<uint64_t>(value), value < 0);
  }
  std::string Finish() && { return "\x80\x03" + std::move(out_) + "."; }

 private:
  Status Byte(char byte) {
    out_.push_back(byte);
    return Status::OK();
  }
  void LittleEndian(uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out_.push_back(static_cast<char>(value >> (8 * i)));
  }
  // LONG1: nine bytes of two's complement hold every 64-bit value, signed or not.
  Status Integer(uint64_t bits, bool negative) {
    out_.append("\x8a\x09");
    LittleEndian(bits, 8);
    return Byte(negative ? '\xff' : '\0');
  }
  Status Float(double value) {
    const auto bits = std::bit_cast<uint64_t>(value);
    out_.push_back('G');
    for (int i = 7; i >= 0; --i) out_.push_back(static_cast<char>(bits >> (8 * i)));
    return Status::OK();
  }
  Status Text(char opcode, std::string_view text) {
    if (text.size() > std::numeric_limits<uint32_t>::max()) {
      return Status::CapacityError("A value of ", text.size(), " bytes is too long to be pickled");
    }
    out_.push_back(opcode);
    LittleEndian(text.size(), 4);
    out_.append(text);
    return Status::OK();
  }
  Status List(const arrow::Array& values) {
    out_.append("](");
    for (int64_t i = 0; i < values.length(); ++i) {
      ARROW_ASSIGN_OR_RAISE(auto value, values.GetScalar(i));
      ARROW_RETURN_NOT_OK(Value(*value));
    }
    return Byte('e');
  }
  Status Struct(const arrow::StructScalar& scalar) {
    out_.append("}(");
    for (int i = 0; i < scalar.type->num_fields(); ++i) {
      ARROW_RETURN_NOT_OK(Text('X', scalar.type->field(i)->name()));
      ARROW_RETURN_NOT_OK(Value(*scalar.value[i]));
    }
    return Byte('u');
  }

  std::string out_;
};

}  // namespace

Result<std::shared_ptr<arrow::Array>> ToObjects(const arrow::Array& array,
                                                arrow::MemoryPool* pool) {
  arrow::LargeBinaryBuilder builder(pool);
  for (int64_t i = 0; i < array.length(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto value, array.GetScalar(i));
    if (!value->is_valid) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
      continue;
    }
    Pickle pickle;
    ARROW_RETURN_NOT_OK(pickle.Value(*value));
    ARROW_RETURN_NOT_OK(builder.Append(std::move(pickle).Finish()));
  }
  ARROW_ASSIGN_OR_RAISE(auto storage, builder.Finish());
  return arrow::ExtensionType::WrapArray(ObjectType(), storage);
}

}  // namespace headrace
