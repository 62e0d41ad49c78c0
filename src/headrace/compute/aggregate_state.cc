// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/aggregate_state.h"

#include <arrow/array/util.h>
#include <arrow/compute/api_scalar.h>
#include <arrow/compute/exec.h>

namespace headrace::compute {
namespace {

namespace cp = arrow::compute;
using ScalarPtr = std::shared_ptr<arrow::Scalar>;

Result<ScalarPtr> MergeValues(const std::string& function, const ScalarPtr& left,
                              const ScalarPtr& right) {
  if (function == "sum" && left->type->id() == arrow::Type::DECIMAL128 &&
      left->type->Equals(*right->type)) {
    // Arrow's decimal addition asks for one digit more, which a full-width sum does not have.
    const auto& a = static_cast<const arrow::Decimal128Scalar&>(*left).value;
    const auto& b = static_cast<const arrow::Decimal128Scalar&>(*right).value;
    return std::make_shared<arrow::Decimal128Scalar>(a + b, left->type);
  }
  const char* merge = function == "sum"   ? "add_checked"
                      : function == "min" ? "min_element_wise"
                                          : "max_element_wise";
  ARROW_ASSIGN_OR_RAISE(arrow::Datum merged, cp::CallFunction(merge, {left, right}));
  return merged.scalar();
}

bool HasMean(const std::string& function) { return function == "mean" || function == "std"; }

}  // namespace

Status MergeState(const std::string& function, const AggregateState& from, AggregateState* into) {
  if (from.count > 0 && HasMean(function)) {
    // Chan et al.: exact up to rounding, whatever the sizes of the two sides.
    const double n_from = static_cast<double>(from.count);
    const double n_into = static_cast<double>(into->count);
    const double delta = from.mean - into->mean;
    into->mean += delta * n_from / (n_from + n_into);
    into->m2 += from.m2 + delta * delta * n_from * n_into / (n_from + n_into);
  }
  if (from.value != nullptr) {
    if (into->value == nullptr) {
      into->value = from.value;
    } else {
      ARROW_ASSIGN_OR_RAISE(into->value, MergeValues(function, into->value, from.value));
    }
  }
  into->count += from.count;
  into->nulls += from.nulls;
  return Status::OK();
}

Result<Block> StatesToBlock(const std::vector<AggregateSpec>& specs,
                            const std::vector<AggregateState>& states) {
  arrow::FieldVector fields;
  arrow::ArrayVector columns;
  const auto add = [&](size_t i, const char* what, const ScalarPtr& value) -> Status {
    ARROW_ASSIGN_OR_RAISE(auto column, arrow::MakeArrayFromScalar(*value, 1));
    fields.push_back(arrow::field(std::to_string(i) + what, column->type()));
    columns.push_back(std::move(column));
    return Status::OK();
  };
  for (size_t i = 0; i < specs.size(); ++i) {
    const AggregateState& state = states[i];
    ARROW_RETURN_NOT_OK(add(i, ".count", arrow::MakeScalar(state.count)));
    ARROW_RETURN_NOT_OK(add(i, ".nulls", arrow::MakeScalar(state.nulls)));
    if (HasMean(specs[i].function)) {
      ARROW_RETURN_NOT_OK(add(i, ".value", arrow::MakeScalar(state.mean)));
      if (specs[i].function == "std") {
        ARROW_RETURN_NOT_OK(add(i, ".m2", arrow::MakeScalar(state.m2)));
      }
    } else if (specs[i].function != "count") {
      ARROW_RETURN_NOT_OK(
          add(i, ".value",
              state.value != nullptr ? state.value : arrow::MakeNullScalar(arrow::null())));
    }
  }
  return Block(arrow::RecordBatch::Make(arrow::schema(std::move(fields)), 1, std::move(columns)));
}

Result<std::vector<AggregateState>> StatesFromRow(const std::vector<AggregateSpec>& specs,
                                                  const Block& block, int64_t row) {
  const auto get = [&](size_t i, const char* what) -> Result<ScalarPtr> {
    const auto column = block.batch()->GetColumnByName(std::to_string(i) + what);
    if (column == nullptr) {
      return Status::Invalid("Aggregate state ", i, what, " is missing in ",
                             block.schema()->ToString());
    }
    return column->GetScalar(row);
  };
  std::vector<AggregateState> states(specs.size());
  for (size_t i = 0; i < specs.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(const ScalarPtr count, get(i, ".count"));
    ARROW_ASSIGN_OR_RAISE(const ScalarPtr nulls, get(i, ".nulls"));
    states[i].count = static_cast<const arrow::Int64Scalar&>(*count).value;
    states[i].nulls = static_cast<const arrow::Int64Scalar&>(*nulls).value;
    if (specs[i].function == "count") continue;
    ARROW_ASSIGN_OR_RAISE(const ScalarPtr value, get(i, ".value"));
    if (HasMean(specs[i].function)) {
      states[i].mean = static_cast<const arrow::DoubleScalar&>(*value).value;
      if (specs[i].function == "std") {
        ARROW_ASSIGN_OR_RAISE(const ScalarPtr m2, get(i, ".m2"));
        states[i].m2 = static_cast<const arrow::DoubleScalar&>(*m2).value;
      }
    } else if (value->is_valid) {
      states[i].value = value;
    }
  }
  return states;
}

}  // namespace headrace::compute
