// SPDX-License-Identifier: Apache-2.0
#include "headrace/block/schema.h"

#include <arrow/array/util.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/extension/fixed_shape_tensor.h>

#include <unordered_map>

#include "headrace/block/compute_functions.h"
#include "headrace/block/object_column.h"
#include "headrace/block/tensor.h"

namespace headrace {
namespace {

using arrow::DataType;
using arrow::Type;
using TypePtr = std::shared_ptr<DataType>;

Result<TypePtr> UnifyTypes(const TypePtr& left, const TypePtr& right, const std::string& column);

Status CannotUnify(const std::string& column, const DataType& left, const DataType& right) {
  return Status::TypeError("Column '", column, "' has incompatible types: ", left.ToString(),
                           " and ", right.ToString());
}

bool IsTensor(const DataType& type) {
  return IsFixedShapeTensor(type) || IsVariableShapeTensor(type);
}

int NumDimensions(const DataType& tensor) {
  if (IsFixedShapeTensor(tensor)) return static_cast<int>(TensorShape(tensor).size());
  const auto& storage = *static_cast<const arrow::ExtensionType&>(tensor).storage_type();
  return static_cast<const arrow::FixedSizeListType&>(*storage.field(1)->type()).list_size();
}

Result<TypePtr> UnifyTensors(const TypePtr& left, const TypePtr& right, const std::string& column) {
  if (!TensorValueType(*left)->Equals(*TensorValueType(*right)) ||
      NumDimensions(*left) != NumDimensions(*right)) {
    return CannotUnify(column, *left, *right);
  }
  return VariableShapeTensor(TensorValueType(*left), NumDimensions(*left));
}

// Width that holds every value of both: the larger one, and for a mix of signed and unsigned the
// next larger signed one (uint64 with a signed type has none and becomes double).
TypePtr UnifyIntegers(const TypePtr& left, const TypePtr& right) {
  const bool left_signed = arrow::is_signed_integer(left->id());
  const bool right_signed = arrow::is_signed_integer(right->id());
  const int left_bits = left->bit_width();
  const int right_bits = right->bit_width();
  if (left_signed == right_signed) return left_bits >= right_bits ? left : right;
  const int signed_bits = left_signed ? left_bits : right_bits;
  const int unsigned_bits = left_signed ? right_bits : left_bits;
  const int bits = std::max(signed_bits, unsigned_bits * 2);
  switch (bits) {
    case 16:
      return arrow::int16();
    case 32:
      return arrow::int32();
    case 64:
      return arrow::int64();
    default:
      return arrow::float64();
  }
}

bool IsStringLike(Type::type id) { return id == Type::STRING || id == Type::LARGE_STRING; }
bool IsBinaryLike(Type::type id) { return id == Type::BINARY || id == Type::LARGE_BINARY; }

Result<TypePtr> UnifyStructs(const DataType& left, const DataType& right,
                             const std::string& column) {
  std::vector<std::shared_ptr<arrow::Field>> fields = left.fields();
  for (const auto& field : right.fields()) {
    auto same = std::find_if(fields.begin(), fields.end(),
                             [&](const auto& other) { return other->name() == field->name(); });
    if (same == fields.end()) {
      fields.push_back(field->WithNullable(true));
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(TypePtr type,
                          UnifyTypes((*same)->type(), field->type(), column + "." + field->name()));
    *same = (*same)->WithType(std::move(type))->WithNullable(true);
  }
  return arrow::struct_(std::move(fields));
}

Result<TypePtr> UnifyLists(const TypePtr& left, const TypePtr& right, const std::string& column) {
  ARROW_ASSIGN_OR_RAISE(TypePtr value,
                        UnifyTypes(left->field(0)->type(), right->field(0)->type(), column));
  if (left->id() == Type::FIXED_SIZE_LIST && right->id() == Type::FIXED_SIZE_LIST) {
    const int size = static_cast<const arrow::FixedSizeListType&>(*left).list_size();
    if (static_cast<const arrow::FixedSizeListType&>(*right).list_size() == size) {
      return arrow::fixed_size_list(std::move(value), size);
    }
  }
  const bool large = left->id() == Type::LARGE_LIST || right->id() == Type::LARGE_LIST;
  return large ? arrow::large_list(std::move(value)) : arrow::list(std::move(value));
}

bool IsList(Type::type id) {
  return id == Type::LIST || id == Type::LARGE_LIST || id == Type::FIXED_SIZE_LIST;
}

Result<TypePtr> UnifyDictionary(const TypePtr& dictionary, const TypePtr& other,
                                const std::string& column) {
  const auto& type = static_cast<const arrow::DictionaryType&>(*dictionary);
  if (other->id() != Type::DICTIONARY) return UnifyTypes(type.value_type(), other, column);
  const auto& other_type = static_cast<const arrow::DictionaryType&>(*other);
  if (!type.value_type()->Equals(*other_type.value_type())) {
    return UnifyTypes(type.value_type(), other_type.value_type(), column);
  }
  // Joined dictionaries may need more indices than either of the two has.
  return arrow::dictionary(arrow::int32(), type.value_type());
}

Result<TypePtr> UnifyTypes(const TypePtr& left, const TypePtr& right, const std::string& column) {
  if (left->Equals(*right)) return left;
  if (left->id() == Type::NA) return right;
  if (right->id() == Type::NA) return left;
  if (IsObject(*left) || IsObject(*right)) return ObjectType();
  if (IsTensor(*left) && IsTensor(*right)) return UnifyTensors(left, right, column);
  if (left->id() == Type::DICTIONARY) return UnifyDictionary(left, right, column);
  if (right->id() == Type::DICTIONARY) return UnifyDictionary(right, left, column);
  const bool left_integer = arrow::is_integer(left->id());
  const bool right_integer = arrow::is_integer(right->id());
  if (left_integer && right_integer) return UnifyIntegers(left, right);
  const bool left_float = arrow::is_floating(left->id());
  const bool right_float = arrow::is_floating(right->id());
  if (left_float && right_float) return left->bit_width() >= right->bit_width() ? left : right;
  if ((left_integer && right_float) || (left_float && right_integer)) return arrow::float64();
  if (IsStringLike(left->id()) && IsStringLike(right->id())) return arrow::large_utf8();
  if (IsBinaryLike(left->id()) && IsBinaryLike(right->id())) return arrow::large_binary();
  if (left->id() == Type::TIMESTAMP && right->id() == Type::TIMESTAMP) {
    const auto& a = static_cast<const arrow::TimestampType&>(*left);
    const auto& b = static_cast<const arrow::TimestampType&>(*right);
    if (a.timezone() == b.timezone()) return a.unit() >= b.unit() ? left : right;
  }
  if (left->id() == Type::STRUCT && right->id() == Type::STRUCT) {
    return UnifyStructs(*left, *right, column);
  }
  if (IsList(left->id()) && IsList(right->id())) return UnifyLists(left, right, column);
  return CannotUnify(column, *left, *right);
}

Result<std::shared_ptr<arrow::Array>> ConformArray(const std::shared_ptr<arrow::Array>& array,
                                                   const arrow::Field& field,
                                                   arrow::MemoryPool* pool);

Result<std::shared_ptr<arrow::Array>> ConformStruct(const arrow::StructArray& array,
                                                    const TypePtr& type, arrow::MemoryPool* pool) {
  arrow::ArrayVector children;
  for (const auto& field : type->fields()) {
    std::shared_ptr<arrow::Array> child = array.GetFieldByName(field->name());
    if (child == nullptr) {
      ARROW_ASSIGN_OR_RAISE(child, arrow::MakeArrayOfNull(field->type(), array.length(), pool));
    } else {
      ARROW_ASSIGN_OR_RAISE(child, ConformArray(child, *field, pool));
    }
    children.push_back(std::move(child));
  }
  // The children are sliced already; a bitmap that starts elsewhere has to be moved to row 0.
  std::shared_ptr<arrow::Buffer> validity;
  if (array.null_count() > 0) {
    arrow::TypedBufferBuilder<bool> bits(pool);
    ARROW_RETURN_NOT_OK(bits.Reserve(array.length()));
    for (int64_t i = 0; i < array.length(); ++i) bits.UnsafeAppend(array.IsValid(i));
    ARROW_RETURN_NOT_OK(bits.Finish(&validity));
  }
  return std::make_shared<arrow::StructArray>(type, array.length(), std::move(children),
                                              std::move(validity), array.null_count());
}

Result<std::shared_ptr<arrow::Array>> ConformArray(const std::shared_ptr<arrow::Array>& array,
                                                   const arrow::Field& field,
                                                   arrow::MemoryPool* pool) {
  const TypePtr& type = field.type();
  if (array->type()->Equals(*type)) return array;
  if (array->type_id() == Type::NA || array->null_count() == array->length()) {
    return arrow::MakeArrayOfNull(type, array->length(), pool);
  }
  if (IsObject(*type)) return ToObjects(*array, pool);
  if (IsFixedShapeTensor(*array->type()) && IsVariableShapeTensor(*type)) {
    return ToVariableShape(*array);
  }
  if (array->type_id() == Type::STRUCT && type->id() == Type::STRUCT) {
    return ConformStruct(static_cast<const arrow::StructArray&>(*array), type, pool);
  }
  ARROW_RETURN_NOT_OK(RegisterComputeFunctions());
  arrow::compute::ExecContext context(pool);
  if (type->id() == Type::DICTIONARY && array->type_id() != Type::DICTIONARY) {
    ARROW_ASSIGN_OR_RAISE(
        arrow::Datum encoded,
        arrow::compute::DictionaryEncode(array, arrow::compute::DictionaryEncodeOptions::Defaults(),
                                         &context));
    return encoded.make_array();
  }
  // Integers beyond 2^53 lose digits as doubles; that is what widening to double means.
  arrow::compute::CastOptions options = arrow::compute::CastOptions::Safe(type);
  options.allow_float_truncate = type->id() == Type::DOUBLE || type->id() == Type::FLOAT;
  Result<arrow::Datum> cast = arrow::compute::Cast(arrow::Datum(array), options, &context);
  if (!cast.ok()) {
    return Status::TypeError("Column '", field.name(), "' cannot be cast from ",
                             array->type()->ToString(), " to ", type->ToString(), ": ",
                             cast.status().message());
  }
  return cast->make_array();
}

}  // namespace

Result<std::shared_ptr<arrow::Schema>> UnifySchemas(
    const std::vector<std::shared_ptr<arrow::Schema>>& schemas) {
  if (schemas.empty()) return arrow::schema({});
  const auto& first = schemas.front();
  const bool all_equal = std::all_of(schemas.begin() + 1, schemas.end(), [&](const auto& schema) {
    return schema == first || schema->Equals(*first, /*check_metadata=*/false);
  });
  if (all_equal) return first;

  std::vector<std::shared_ptr<arrow::Field>> fields;
  std::unordered_map<std::string, size_t> position;
  for (const auto& schema : schemas) {
    for (const auto& field : schema->fields()) {
      const auto [entry, added] = position.try_emplace(field->name(), fields.size());
      if (added) {
        fields.push_back(field);
        continue;
      }
      auto& unified = fields[entry->second];
      ARROW_ASSIGN_OR_RAISE(TypePtr type,
                            UnifyTypes(unified->type(), field->type(), field->name()));
      const bool nullable = unified->nullable() || field->nullable();
      if (type != unified->type() || nullable != unified->nullable()) {
        unified = arrow::field(field->name(), std::move(type), nullable, unified->metadata());
      }
    }
  }
  // A column that one schema lacks is null in its rows.
  for (auto& field : fields) {
    const bool everywhere = std::all_of(schemas.begin(), schemas.end(), [&](const auto& schema) {
      return schema->GetFieldIndex(field->name()) >= 0;
    });
    if (!everywhere && !field->nullable()) field = field->WithNullable(true);
  }
  return arrow::schema(std::move(fields), first->metadata());
}

Result<Block> ConformTo(const Block& block, const std::shared_ptr<arrow::Schema>& schema,
                        arrow::MemoryPool* pool) {
  if (block.schema() == schema || block.schema()->Equals(*schema, /*check_metadata=*/false)) {
    return block;
  }
  arrow::ArrayVector columns;
  columns.reserve(schema->num_fields());
  for (const auto& field : schema->fields()) {
    const int index = block.schema()->GetFieldIndex(field->name());
    std::shared_ptr<arrow::Array> column;
    if (index < 0) {
      ARROW_ASSIGN_OR_RAISE(column, arrow::MakeArrayOfNull(field->type(), block.num_rows(), pool));
    } else {
      ARROW_ASSIGN_OR_RAISE(column, ConformArray(block.batch()->column(index), *field, pool));
    }
    columns.push_back(std::move(column));
  }
  return Block(arrow::RecordBatch::Make(schema, block.num_rows(), std::move(columns)));
}

}  // namespace headrace
