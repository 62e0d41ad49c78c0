// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/aggregate.h"

#include <arrow/array/util.h>
#include <arrow/compute/api_aggregate.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "headrace/block/compute_functions.h"
#include "headrace/compute/aggregate_state.h"

namespace headrace::compute {
namespace {

namespace cp = arrow::compute;

Result<double> AsDouble(const arrow::Datum& datum) {
  ARROW_ASSIGN_OR_RAISE(arrow::Datum cast, cp::Cast(datum, arrow::float64()));
  return cast.scalar_as<arrow::DoubleScalar>().value;
}

// Arrow's own sum wraps around without a word.
template <typename ArrayType, typename Value>
Result<std::shared_ptr<arrow::Scalar>> CheckedSum(const arrow::Array& array) {
  const auto& typed = static_cast<const ArrayType&>(array);
  const bool has_nulls = typed.null_count() > 0;
  Value sum = 0;
  bool overflow = false;
  for (int64_t i = 0; i < typed.length(); ++i) {
    if (has_nulls && typed.IsNull(i)) continue;
    overflow |= __builtin_add_overflow(sum, typed.Value(i), &sum);
  }
  if (overflow) return Status::Invalid("Sum of integers does not fit in 64 bits");
  return std::static_pointer_cast<arrow::Scalar>(
      std::make_shared<typename arrow::CTypeTraits<Value>::ScalarType>(sum));
}

Result<std::shared_ptr<arrow::Scalar>> SumOf(const std::shared_ptr<arrow::Array>& array) {
  if (array->type_id() == arrow::Type::INT64) return CheckedSum<arrow::Int64Array, int64_t>(*array);
  if (array->type_id() == arrow::Type::UINT64) {
    return CheckedSum<arrow::UInt64Array, uint64_t>(*array);
  }
  ARROW_ASSIGN_OR_RAISE(arrow::Datum sum, cp::Sum(array));
  if (array->type_id() == arrow::Type::BOOL) {
    ARROW_ASSIGN_OR_RAISE(sum, cp::Cast(sum, arrow::int64()));
  }
  return sum.scalar();
}

Result<AggregateState> StateOf(const AggregateSpec& spec, std::shared_ptr<arrow::Array> array) {
  AggregateState state;
  state.nulls = array->null_count();
  if (array->type_id() == arrow::Type::NA) state.nulls = array->length();
  state.count = array->length() - state.nulls;
  if (state.count == 0 || spec.function == "count") return state;
  if (array->type_id() == arrow::Type::DICTIONARY) {
    const auto& type = static_cast<const arrow::DictionaryType&>(*array->type());
    ARROW_ASSIGN_OR_RAISE(array, cp::Cast(*array, type.value_type()));
  }
  if (spec.function == "sum") {
    ARROW_ASSIGN_OR_RAISE(state.value, SumOf(array));
  } else if (spec.function == "min" || spec.function == "max") {
    ARROW_ASSIGN_OR_RAISE(arrow::Datum both, cp::MinMax(array));
    const auto& pair = both.scalar_as<arrow::StructScalar>();
    state.value = pair.value[spec.function == "min" ? 0 : 1];
  } else {
    // Doubles from the start: integer means would overflow in between.
    ARROW_ASSIGN_OR_RAISE(array, cp::Cast(*array, arrow::float64()));
    ARROW_ASSIGN_OR_RAISE(arrow::Datum sum, cp::Sum(array));
    ARROW_ASSIGN_OR_RAISE(state.mean, AsDouble(sum));
    state.mean /= static_cast<double>(state.count);
    if (spec.function == "std") {
      ARROW_ASSIGN_OR_RAISE(arrow::Datum variance, cp::Variance(array, cp::VarianceOptions(0)));
      ARROW_ASSIGN_OR_RAISE(const double per_row, AsDouble(variance));
      state.m2 = per_row * static_cast<double>(state.count);
    }
  }
  return state;
}

class ColumnwiseAggregator final : public PartialAggregator {
 public:
  explicit ColumnwiseAggregator(std::vector<AggregateSpec> specs)
      : specs_(std::move(specs)), states_(specs_.size()) {}

  Status Add(const Block& block) override {
    if (block.num_rows() == 0) return Status::OK();
    for (size_t i = 0; i < specs_.size(); ++i) {
      const AggregateSpec& spec = specs_[i];
      if (spec.column.empty()) {
        states_[i].count += block.num_rows();
        continue;
      }
      auto column = block.batch()->GetColumnByName(spec.column);
      if (column == nullptr) {
        return Status::KeyError("Column '", spec.column, "' of ", spec.function,
                                " does not exist; there are: ", block.schema()->ToString());
      }
      const std::string type = column->type()->ToString();
      Result<AggregateState> state = StateOf(spec, std::move(column));
      Status merged = state.status();
      if (merged.ok()) merged = MergeState(spec.function, *state, &states_[i]);
      if (merged.ok()) continue;
      if (merged.IsNotImplemented()) {
        return Status::TypeError("Cannot compute ", spec.function, " of column '", spec.column,
                                 "' of type ", type);
      }
      return merged.WithMessage(spec.function, " of column '", spec.column,
                                "': ", merged.message());
    }
    return Status::OK();
  }

  Result<Block> Finish() override { return StatesToBlock(specs_, states_); }

 private:
  std::vector<AggregateSpec> specs_;
  std::vector<AggregateState> states_;
};

std::shared_ptr<arrow::DataType> NullTypeOf(const AggregateSpec& spec) {
  return spec.function == "mean" || spec.function == "std" ? arrow::float64() : arrow::null();
}

std::shared_ptr<arrow::Scalar> FinalValue(const AggregateSpec& spec, const AggregateState& state) {
  if (spec.function == "count") {
    return arrow::MakeScalar(spec.ignore_nulls ? state.count : state.count + state.nulls);
  }
  if (state.count == 0 || (!spec.ignore_nulls && state.nulls > 0)) {
    return arrow::MakeNullScalar(state.value != nullptr ? state.value->type : NullTypeOf(spec));
  }
  if (spec.function == "mean") return arrow::MakeScalar(state.mean);
  if (spec.function == "std") {
    // No degree of freedom is left: not a number, as in numpy and Ray.
    if (state.count <= spec.ddof) return arrow::MakeScalar(std::nan(""));
    return arrow::MakeScalar(std::sqrt(state.m2 / static_cast<double>(state.count - spec.ddof)));
  }
  return state.value;
}

Status CheckSpecs(const std::vector<AggregateSpec>& specs) {
  constexpr std::array kFunctions = {"sum", "min", "max", "mean", "std", "count"};
  for (const AggregateSpec& spec : specs) {
    if (std::find(kFunctions.begin(), kFunctions.end(), spec.function) == kFunctions.end()) {
      return Status::Invalid("Unknown aggregate '", spec.function,
                             "'; there are sum, min, max, mean, std, count");
    }
  }
  return Status::OK();
}

}  // namespace

Result<std::unique_ptr<PartialAggregator>> PartialAggregator::Make(
    std::vector<AggregateSpec> specs) {
  ARROW_RETURN_NOT_OK(RegisterComputeFunctions());
  ARROW_RETURN_NOT_OK(CheckSpecs(specs));
  return std::make_unique<ColumnwiseAggregator>(std::move(specs));
}

Result<std::vector<std::shared_ptr<arrow::Scalar>>> MergePartials(
    const std::vector<AggregateSpec>& specs, const std::vector<Block>& partials) {
  ARROW_RETURN_NOT_OK(RegisterComputeFunctions());
  ARROW_RETURN_NOT_OK(CheckSpecs(specs));
  std::vector<AggregateState> totals(specs.size());
  for (const Block& partial : partials) {
    for (int64_t row = 0; row < partial.num_rows(); ++row) {
      ARROW_ASSIGN_OR_RAISE(auto states, StatesFromRow(specs, partial, row));
      for (size_t i = 0; i < specs.size(); ++i) {
        const Status merged = MergeState(specs[i].function, states[i], &totals[i]);
        if (!merged.ok()) {
          return merged.WithMessage(specs[i].function, " of column '", specs[i].column,
                                    "': ", merged.message());
        }
      }
    }
  }
  std::vector<std::shared_ptr<arrow::Scalar>> values;
  for (size_t i = 0; i < specs.size(); ++i) values.push_back(FinalValue(specs[i], totals[i]));
  return values;
}

}  // namespace headrace::compute
