// SPDX-License-Identifier: Apache-2.0
// as_list, quantile, approx_quantile: every value is kept.
#include <arrow/array/array_nested.h>
#include <arrow/array/array_primitive.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/compute/cast.h>
#include <arrow/type.h>

#include <algorithm>
#include <cmath>

#include "headrace/block.h"
#include "headrace/compute/group_lists.h"
#include "headrace/compute/group_state.h"

namespace headrace::compute {
namespace {

/// The quantile `q` of `values`, which it reorders; linear between neighbours, as numpy has it.
double QuantileOf(std::span<double> values, double q) {
  for (const double value : values) {
    if (std::isnan(value)) return value;
  }
  const double place = q * static_cast<double>(values.size() - 1);
  const auto below = static_cast<size_t>(place);
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(below);
  std::nth_element(values.begin(), at, values.end());
  const double part = place - static_cast<double>(below);
  if (part == 0) return *at;
  const double above = *std::min_element(at + 1, values.end());
  return *at + (above - *at) * part;
}

class ListState final : public NullAwareState {
 public:
  ListState(const Aggregation& spec, TypePtr type, arrow::MemoryPool* pool)
      : NullAwareState(spec.ignore_nulls || spec.function == "as_list", pool),
        is_quantile_(spec.function != "as_list"),
        keeps_nulls_(!is_quantile_ && !spec.ignore_nulls),
        q_(spec.parameter),
        type_(std::move(type)) {}
  Result<std::shared_ptr<arrow::Array>> Values() override {
    ARROW_ASSIGN_OR_RAISE(const auto lists, Lists());
    if (!is_quantile_) return lists;
    const auto& doubles = static_cast<const arrow::DoubleArray&>(*lists->values());
    std::vector<double> values(doubles.raw_values(), doubles.raw_values() + doubles.length());
    return FillArray<double>(
        arrow::float64(), num_groups_,
        [&](size_t i) {
          const auto group = static_cast<int64_t>(i);
          return QuantileOf(
              std::span(values).subspan(lists->value_offset(group), lists->value_length(group)),
              q_);
        },
        [&](size_t i) { return lists->value_length(static_cast<int64_t>(i)) > 0 && !is_null(i); },
        pool());
  }

 private:
  void ResizeValues(int64_t num_groups) override { num_groups_ = num_groups; }
  Status AddValues(const std::shared_ptr<arrow::Array>& values, GroupIds groups) override {
    std::shared_ptr<arrow::Array> typed = values;
    if (is_quantile_ && values->type_id() != arrow::Type::DOUBLE) {
      ARROW_ASSIGN_OR_RAISE(typed, arrow::compute::Cast(*values, arrow::float64(),
                                                        arrow::compute::CastOptions::Unsafe()));
    }
    if (keeps_nulls_) return Keep(std::move(typed), {groups.begin(), groups.end()});
    ARROW_ASSIGN_OR_RAISE(Flattened kept, WithoutNulls(typed, groups, pool()));
    return Keep(std::move(kept.values), std::move(kept.groups));
  }
  arrow::DataTypeVector value_types() const override { return {arrow::list(type_)}; }
  Result<arrow::ArrayVector> ValueStates() override {
    ARROW_ASSIGN_OR_RAISE(auto lists, Lists());
    return arrow::ArrayVector{std::move(lists)};
  }
  Status MergeValues(std::span<const std::shared_ptr<arrow::Array>> states,
                     GroupIds groups) override {
    ARROW_ASSIGN_OR_RAISE(Flattened values, FlattenLists(*states[0], groups, pool()));
    return Keep(std::move(values.values), std::move(values.groups));
  }
  int64_t value_bytes() const override {
    return value_bytes_ + static_cast<int64_t>(groups_.capacity() * sizeof(uint32_t));
  }
  Status Keep(std::shared_ptr<arrow::Array> values, std::vector<uint32_t> groups) {
    if (groups.empty()) return Status::OK();
    value_bytes_ +=
        Block(arrow::RecordBatch::Make(arrow::schema({arrow::field("", values->type())}),
                                       values->length(), {values}))
            .size_bytes();
    chunks_.push_back(std::move(values));
    groups_.insert(groups_.end(), groups.begin(), groups.end());
    return Status::OK();
  }
  Result<std::shared_ptr<arrow::ListArray>> Lists() {
    std::shared_ptr<arrow::Array> values;
    if (chunks_.empty()) {
      ARROW_ASSIGN_OR_RAISE(values, arrow::MakeEmptyArray(type_, pool()));
    } else {
      ARROW_ASSIGN_OR_RAISE(values, arrow::Concatenate(chunks_, pool()));
    }
    const RowsByGroup order = SortByGroup(groups_, num_groups_);
    ARROW_ASSIGN_OR_RAISE(values, TakeAt(values, order.rows, pool()));
    return ListsOf(std::move(values), order.begins, pool());
  }

  const bool is_quantile_;
  const bool keeps_nulls_;
  const double q_;
  const TypePtr type_;
  int64_t num_groups_ = 0;
  arrow::ArrayVector chunks_;
  std::vector<uint32_t> groups_;  // of the values of all chunks
  int64_t value_bytes_ = 0;
};

}  // namespace

GroupStatePtr MakeListState(const Aggregation& spec, TypePtr type, arrow::MemoryPool* pool) {
  return std::make_unique<ListState>(spec, std::move(type), pool);
}

}  // namespace headrace::compute
