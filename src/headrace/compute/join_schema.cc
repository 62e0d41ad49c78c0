// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/join_schema.h"

#include <arrow/type.h>
#include <arrow/type_traits.h>

#include <algorithm>
#include <array>
#include <map>

namespace headrace::compute {
namespace {

using TypePtr = std::shared_ptr<arrow::DataType>;

constexpr std::array<std::string_view, 8> kJoinTypes = {"inner",      "left_outer", "right_outer",
                                                        "full_outer", "left_semi",  "right_semi",
                                                        "left_anti",  "right_anti"};

TypePtr Plain(const TypePtr& type) {
  if (type->id() != arrow::Type::DICTIONARY) return type;
  return static_cast<const arrow::DictionaryType&>(*type).value_type();
}

Result<std::vector<int>> FindKeys(const arrow::Schema& schema,
                                  const std::vector<std::string>& names, const char* side) {
  std::vector<int> keys;
  for (const std::string& name : names) {
    const int index = schema.GetFieldIndex(name);
    if (index < 0) {
      return Status::KeyError("Key '", name, "' does not exist exactly once on the ", side,
                              " side of the join; there are: ", schema.ToString());
    }
    const arrow::DataType& type = *Plain(schema.field(index)->type());
    if (arrow::is_nested(type.id()) || type.id() == arrow::Type::EXTENSION) {
      return Status::Invalid("Key '", name, "' of the ", side, " side has type ", type.ToString(),
                             "; a join needs keys that are not nested");
    }
    keys.push_back(index);
  }
  return keys;
}

/// nullptr where values of the two cannot be equal.
TypePtr CommonKeyType(const TypePtr& left, const TypePtr& right) {
  if (left->Equals(*right) || right->id() == arrow::Type::NA) return left;
  if (left->id() == arrow::Type::NA) return right;
  const auto either = [&](arrow::Type::type id) { return left->id() == id || right->id() == id; };
  const auto both = [&](bool (*test)(arrow::Type::type)) {
    return test(left->id()) && test(right->id());
  };
  if (both([](arrow::Type::type id) { return arrow::is_integer(id); })) {
    const bool is_signed =
        arrow::is_signed_integer(left->id()) || arrow::is_signed_integer(right->id());
    if (!is_signed) return arrow::uint64();
    return either(arrow::Type::UINT64) ? nullptr : arrow::int64();
  }
  if (both([](arrow::Type::type id) {
        return id == arrow::Type::FLOAT || id == arrow::Type::DOUBLE;
      })) {
    return arrow::float64();
  }
  if (both([](arrow::Type::type id) { return arrow::is_string(id); })) return arrow::large_utf8();
  if (both([](arrow::Type::type id) {
        return id == arrow::Type::BINARY || id == arrow::Type::LARGE_BINARY;
      })) {
    return arrow::large_binary();
  }
  return nullptr;
}

/// Gives names on both sides their suffixes.
Status ApplySuffixes(const JoinSpec& spec, std::vector<JoinColumn>* columns) {
  std::map<std::string, int> sides;  // bit 0: left, bit 1: right
  const auto side_of = [](const JoinColumn& column) { return column.left >= 0 ? 1 : 2; };
  for (const JoinColumn& column : *columns) sides[column.name] |= side_of(column);
  for (JoinColumn& column : *columns) {
    if (sides[column.name] != 3) continue;
    if (!spec.left_suffix && !spec.right_suffix) {
      return Status::Invalid(
          "Left and right columns suffixes cannot be both None: both sides of the join have a "
          "column '",
          column.name, "'");
    }
    column.name += (side_of(column) == 1 ? spec.left_suffix : spec.right_suffix).value_or("");
  }
  sides.clear();
  for (const JoinColumn& column : *columns) {
    const int side = side_of(column);
    const int before = sides[column.name];
    if (before != 0 && before != side) {
      return Status::Invalid("The join would have two columns '", column.name,
                             "'; choose other suffixes");
    }
    sides[column.name] |= side;
  }
  return Status::OK();
}

}  // namespace

Result<JoinType> ParseJoinType(std::string_view name) {
  const auto found = std::find(kJoinTypes.begin(), kJoinTypes.end(), name);
  if (found != kJoinTypes.end()) return static_cast<JoinType>(found - kJoinTypes.begin());
  std::string names;
  for (const std::string_view known : kJoinTypes) {
    names += (names.empty() ? "" : ", ") + std::string(known);
  }
  return Status::Invalid("Invalid join type '", name, "'; there are ", names);
}

std::string_view ToString(JoinType type) { return kJoinTypes[static_cast<size_t>(type)]; }

std::shared_ptr<arrow::Schema> JoinPlan::schema() const {
  arrow::FieldVector fields;
  for (const JoinColumn& column : columns) fields.push_back(arrow::field(column.name, column.type));
  return arrow::schema(std::move(fields));
}

Result<JoinPlan> PlanJoin(const arrow::Schema& left, const arrow::Schema& right,
                          const JoinSpec& spec) {
  if (spec.left_on.empty() || spec.left_on.size() != spec.right_on.size()) {
    return Status::Invalid("A join needs as many keys on both sides, at least one; there are ",
                           spec.left_on.size(), " and ", spec.right_on.size());
  }
  JoinPlan plan;
  ARROW_ASSIGN_OR_RAISE(plan.left_keys, FindKeys(left, spec.left_on, "left"));
  ARROW_ASSIGN_OR_RAISE(plan.right_keys, FindKeys(right, spec.right_on, "right"));
  for (size_t i = 0; i < plan.left_keys.size(); ++i) {
    const TypePtr& left_type = left.field(plan.left_keys[i])->type();
    const TypePtr& right_type = right.field(plan.right_keys[i])->type();
    TypePtr common = CommonKeyType(Plain(left_type), Plain(right_type));
    if (common == nullptr) {
      return Status::TypeError("Cannot join key '", spec.left_on[i], "' of type ",
                               left_type->ToString(), " with key '", spec.right_on[i], "' of type ",
                               right_type->ToString(), "; cast one of them");
    }
    plan.key_types.push_back(std::move(common));
  }
  const JoinType type = spec.type;
  const auto is_key = [](const std::vector<int>& keys, int index) {
    return std::find(keys.begin(), keys.end(), index) != keys.end();
  };
  const bool only_left = type == JoinType::kLeftSemi || type == JoinType::kLeftAnti;
  const bool only_right = type == JoinType::kRightSemi || type == JoinType::kRightAnti;
  for (int i = 0; i < left.num_fields() && !only_right; ++i) {
    if (type == JoinType::kRightOuter && is_key(plan.left_keys, i)) continue;
    plan.columns.push_back({left.field(i)->name(), left.field(i)->type(), i, -1});
    if (type != JoinType::kFullOuter) continue;
    const auto key = std::find(plan.left_keys.begin(), plan.left_keys.end(), i);
    if (key == plan.left_keys.end()) continue;
    const auto place = static_cast<size_t>(key - plan.left_keys.begin());
    plan.columns.back().right = plan.right_keys[place];
    plan.columns.back().type = plan.key_types[place];
  }
  for (int i = 0; i < right.num_fields() && !only_left; ++i) {
    const bool keeps_key = type == JoinType::kRightOuter || only_right;
    if (!keeps_key && is_key(plan.right_keys, i)) continue;
    plan.columns.push_back({right.field(i)->name(), right.field(i)->type(), -1, i});
  }
  ARROW_RETURN_NOT_OK(ApplySuffixes(spec, &plan.columns));
  return plan;
}

Result<std::shared_ptr<arrow::Schema>> JoinSchema(const arrow::Schema& left,
                                                  const arrow::Schema& right,
                                                  const JoinSpec& spec) {
  ARROW_ASSIGN_OR_RAISE(const JoinPlan plan, PlanJoin(left, right, spec));
  return plan.schema();
}

}  // namespace headrace::compute
