// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/json_schema.h"

namespace headrace::datasource {
namespace {

using Type = arrow::Type;

std::shared_ptr<arrow::DataType> Unify(const std::shared_ptr<arrow::DataType>& first,
                                       const std::shared_ptr<arrow::DataType>& second);

arrow::FieldVector UnifyFields(const arrow::FieldVector& first, const arrow::FieldVector& second) {
  arrow::FieldVector fields = first;
  for (const auto& field : second) {
    bool known = false;
    for (auto& mine : fields) {
      if (mine->name() != field->name()) continue;
      mine = mine->WithType(Unify(mine->type(), field->type()));
      known = true;
      break;
    }
    if (!known) fields.push_back(field);
  }
  return fields;
}

std::shared_ptr<arrow::DataType> Unify(const std::shared_ptr<arrow::DataType>& first,
                                       const std::shared_ptr<arrow::DataType>& second) {
  if (first->id() == Type::NA || first->Equals(*second)) return second;
  const auto either = [&](Type::type one, Type::type other) {
    return (first->id() == one && second->id() == other) ||
           (first->id() == other && second->id() == one);
  };
  if (either(Type::INT64, Type::DOUBLE)) return arrow::float64();
  if (either(Type::TIMESTAMP, Type::STRING)) return arrow::utf8();
  if (first->id() == Type::STRUCT && second->id() == Type::STRUCT) {
    return arrow::struct_(UnifyFields(first->fields(), second->fields()));
  }
  if (first->id() == Type::LIST && second->id() == Type::LIST) {
    const auto& item = first->field(0);
    return arrow::list(item->WithType(Unify(item->type(), second->field(0)->type())));
  }
  return first;
}

}  // namespace

std::shared_ptr<arrow::Schema> UnifyJsonSchemas(const arrow::Schema& first,
                                                const arrow::Schema& second) {
  return arrow::schema(UnifyFields(first.fields(), second.fields()));
}

}  // namespace headrace::datasource
