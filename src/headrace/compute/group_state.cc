// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/group_state.h"

#include <arrow/array/util.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>

#include <array>
#include <string_view>

namespace headrace::compute {
namespace {

enum class Family : uint8_t {
  kCount,
  kShare,
  kSum,
  kMean,
  kStd,
  kExtreme,
  kEdge,
  kDistinct,
  kList
};

struct Function {
  std::string_view name;
  Family family;
  StateTyping typing;
};

constexpr std::array kFunctions = {
    Function{"count", Family::kCount, StateTyping::kNone},
    Function{"sum", Family::kSum, StateTyping::kDirect},
    Function{"min", Family::kExtreme, StateTyping::kDirect},
    Function{"max", Family::kExtreme, StateTyping::kDirect},
    Function{"mean", Family::kMean, StateTyping::kNone},
    Function{"std", Family::kStd, StateTyping::kNone},
    Function{"abs_max", Family::kExtreme, StateTyping::kDirect},
    Function{"quantile", Family::kList, StateTyping::kNone},
    Function{"approx_quantile", Family::kList, StateTyping::kNone},
    Function{"unique", Family::kDistinct, StateTyping::kList},
    Function{"count_distinct", Family::kDistinct, StateTyping::kList},
    Function{"as_list", Family::kList, StateTyping::kList},
    Function{"value_counter", Family::kDistinct, StateTyping::kList},
    Function{"approx_topk", Family::kDistinct, StateTyping::kList},
    Function{"missing_pct", Family::kShare, StateTyping::kNone},
    Function{"zero_pct", Family::kShare, StateTyping::kNone},
    Function{"first", Family::kEdge, StateTyping::kDirect},
    Function{"last", Family::kEdge, StateTyping::kDirect},
};

const Function* Find(std::string_view name) {
  for (const Function& function : kFunctions) {
    if (function.name == name) return &function;
  }
  return nullptr;
}

bool IsNumber(const arrow::DataType& type) {
  return type.id() == arrow::Type::NA || type.id() == arrow::Type::BOOL ||
         arrow::is_integer(type.id()) || type.id() == arrow::Type::FLOAT ||
         type.id() == arrow::Type::DOUBLE || arrow::is_decimal(type.id());
}

bool IsTemporal(const arrow::DataType& type) {
  return arrow::is_temporal(type.id()) && !arrow::is_interval(type.id());
}

TypePtr SumTypeOf(const TypePtr& type) {
  if (arrow::is_signed_integer(type->id()) || type->id() == arrow::Type::BOOL) {
    return arrow::int64();
  }
  if (arrow::is_unsigned_integer(type->id())) return arrow::uint64();
  if (arrow::is_floating(type->id())) return arrow::float64();
  if (!arrow::is_decimal(type->id())) return type;
  const int32_t scale = static_cast<const arrow::DecimalType&>(*type).scale();
  return type->id() == arrow::Type::DECIMAL256
             ? arrow::decimal256(arrow::Decimal256Type::kMaxPrecision, scale)
             : arrow::decimal128(arrow::Decimal128Type::kMaxPrecision, scale);
}

bool CanAggregate(const Function& function, const arrow::DataType& type) {
  const bool text =
      arrow::is_base_binary_like(type.id()) || type.id() == arrow::Type::FIXED_SIZE_BINARY;
  switch (function.family) {
    case Family::kSum:
      return IsNumber(type) || type.id() == arrow::Type::DURATION;
    case Family::kMean:
    case Family::kStd:
      return IsNumber(type);
    case Family::kShare:
      return function.name == "missing_pct" || IsNumber(type);
    case Family::kExtreme:
      if (function.name == "abs_max") return IsNumber(type) && type.id() != arrow::Type::BOOL;
      return IsNumber(type) || IsTemporal(type) || text;
    case Family::kDistinct:
      return text || type.id() == arrow::Type::NA || arrow::is_fixed_width(type.id());
    case Family::kList:
      return function.name == "as_list" || IsNumber(type);
    default:
      return true;
  }
}

}  // namespace

Status CheckSpec(const Aggregation& spec) {
  if (Find(spec.function) == nullptr) {
    std::string names;
    for (const Function& function : kFunctions) {
      names += (names.empty() ? "" : ", ") + std::string(function.name);
    }
    return Status::Invalid("Unknown aggregate '", spec.function, "'; there are ", names);
  }
  if (spec.column.empty() && spec.function != "count") {
    return Status::Invalid("Aggregate ", spec.function, " needs a column");
  }
  const bool is_quantile = spec.function == "quantile" || spec.function == "approx_quantile";
  if (is_quantile && !(spec.parameter >= 0 && spec.parameter <= 1)) {
    return Status::Invalid("Quantile ", spec.parameter, " of column '", spec.column,
                           "' is not between 0 and 1");
  }
  if (spec.function == "approx_topk" && !(spec.parameter >= 1)) {
    return Status::Invalid("approx_topk of column '", spec.column, "' needs k >= 1, not ",
                           spec.parameter);
  }
  return Status::OK();
}

StateTyping TypingOf(const Aggregation& spec) { return Find(spec.function)->typing; }

Result<TypePtr> InputTypeOf(const Aggregation& spec, const TypePtr& type) {
  const Function& function = *Find(spec.function);
  if (!CanAggregate(function, *type)) {
    return Status::TypeError("Cannot compute ", spec.function, " of column '", spec.column,
                             "' of type ", type->ToString());
  }
  if (function.typing == StateTyping::kNone) return arrow::null();
  return function.family == Family::kSum ? SumTypeOf(type) : type;
}

Result<GroupStatePtr> MakeGroupState(const Aggregation& spec, const TypePtr& type,
                                     arrow::MemoryPool* pool) {
  const Function& function = *Find(spec.function);
  const bool is_null = type->id() == arrow::Type::NA;
  switch (function.family) {
    case Family::kCount:
      return MakeCountState(spec, pool);
    case Family::kShare:
      return MakeShareState(spec, pool);
    case Family::kSum:
      return is_null ? MakeNullState(spec, type, pool) : MakeSumState(spec, type, pool);
    case Family::kMean:
      return MakeMeanState(spec, pool);
    case Family::kStd:
      return MakeStdState(spec, pool);
    case Family::kExtreme:
      return is_null ? MakeNullState(spec, type, pool) : MakeExtremeState(spec, type, pool);
    case Family::kEdge:
      return MakeEdgeState(spec, type, pool);
    case Family::kDistinct:
      return MakeDistinctState(spec, type, pool);
    case Family::kList:
      return MakeListState(spec, spec.function == "as_list" ? type : arrow::float64(), pool);
  }
  return Status::Invalid("Unknown aggregate '", spec.function, "'");
}

void NullAwareState::Resize(int64_t num_groups) {
  if (tracks_) seen_.resize(static_cast<size_t>(num_groups), 0);
  ResizeValues(num_groups);
}

Status NullAwareState::Add(const std::shared_ptr<arrow::Array>& values, GroupIds groups) {
  if (tracks_ && values->null_count() > 0) {
    for (size_t i = 0; i < groups.size(); ++i) {
      if (values->IsNull(static_cast<int64_t>(i))) seen_[groups[i]] = 1;
    }
  }
  return AddValues(values, groups);
}

arrow::DataTypeVector NullAwareState::state_types() const {
  arrow::DataTypeVector types = value_types();
  if (tracks_) types.insert(types.begin(), arrow::uint8());
  return types;
}

Result<arrow::ArrayVector> NullAwareState::States() {
  ARROW_ASSIGN_OR_RAISE(arrow::ArrayVector states, ValueStates());
  if (!tracks_) return states;
  ARROW_ASSIGN_OR_RAISE(auto seen, FillArray<uint8_t>(
                                       arrow::uint8(), static_cast<int64_t>(seen_.size()),
                                       [this](size_t i) { return seen_[i]; }, pool_));
  states.insert(states.begin(), std::move(seen));
  return states;
}

Status NullAwareState::Merge(const arrow::ArrayVector& states, GroupIds groups) {
  if (tracks_) {
    ForValues<uint8_t>(*states.front(), groups,
                       [this](uint32_t group, uint8_t seen) { seen_[group] |= seen; });
  }
  return MergeValues(std::span(states).subspan(tracks_ ? 1 : 0), groups);
}

namespace {

/// Of a column that has had no type yet: its groups have no values.
class NullState final : public NullAwareState {
 public:
  NullState(const Aggregation& spec, TypePtr type, arrow::MemoryPool* pool)
      : NullAwareState(spec.ignore_nulls, pool), type_(std::move(type)) {}
  Result<std::shared_ptr<arrow::Array>> Values() override {
    return arrow::MakeArrayOfNull(type_, num_groups_, pool());
  }

 private:
  void ResizeValues(int64_t num_groups) override { num_groups_ = num_groups; }
  Status AddValues(const std::shared_ptr<arrow::Array>&, GroupIds) override { return Status::OK(); }
  arrow::DataTypeVector value_types() const override { return {type_}; }
  Result<arrow::ArrayVector> ValueStates() override {
    ARROW_ASSIGN_OR_RAISE(auto values, Values());
    return arrow::ArrayVector{std::move(values)};
  }
  Status MergeValues(std::span<const std::shared_ptr<arrow::Array>>, GroupIds) override {
    return Status::OK();
  }
  int64_t value_bytes() const override { return 0; }

  const TypePtr type_;
  int64_t num_groups_ = 0;
};

}  // namespace

GroupStatePtr MakeNullState(const Aggregation& spec, TypePtr type, arrow::MemoryPool* pool) {
  return std::make_unique<NullState>(spec, std::move(type), pool);
}

}  // namespace headrace::compute
