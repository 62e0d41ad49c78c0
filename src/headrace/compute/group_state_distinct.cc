// SPDX-License-Identifier: Apache-2.0
// unique, count_distinct, value_counter, approx_topk: a group table of (group, value).
#include <arrow/array/array_nested.h>
#include <arrow/array/array_primitive.h>
#include <arrow/array/util.h>
#include <arrow/type.h>

#include <algorithm>

#include "headrace/compute/group_lists.h"
#include "headrace/compute/group_state.h"
#include "headrace/compute/group_table.h"

namespace headrace::compute {
namespace {

class DistinctState final : public GroupState {
 public:
  DistinctState(const Aggregation& spec, TypePtr type, arrow::MemoryPool* pool)
      : function_(spec.function),
        column_(spec.column),
        has_counts_(function_ == "value_counter" || function_ == "approx_topk"),
        ignores_nulls_(spec.ignore_nulls),
        top_k_(function_ == "approx_topk" ? static_cast<int64_t>(spec.parameter) : 0),
        type_(std::move(type)),
        pool_(pool),
        pairs_({"group", spec.column}) {}
  void Resize(int64_t num_groups) override { num_groups_ = num_groups; }
  Status Add(const std::shared_ptr<arrow::Array>& values, GroupIds groups) override {
    if (!ignores_nulls_ || values->null_count() == 0) return AddPairs(values, groups, nullptr);
    ARROW_ASSIGN_OR_RAISE(const Flattened kept, WithoutNulls(values, groups, pool_));
    return AddPairs(kept.values, kept.groups, nullptr);
  }
  arrow::DataTypeVector state_types() const override {
    if (!has_counts_) return {arrow::list(type_)};
    return {arrow::list(arrow::int64()), arrow::list(type_)};
  }
  Result<arrow::ArrayVector> States() override {
    ARROW_ASSIGN_OR_RAISE(const Lists lists, MakeLists());
    arrow::ArrayVector states;
    if (has_counts_) states.push_back(lists.counts);
    states.push_back(lists.values);
    return states;
  }
  Status Merge(const arrow::ArrayVector& states, GroupIds groups) override {
    ARROW_ASSIGN_OR_RAISE(const Flattened values, FlattenLists(*states.back(), groups, pool_));
    if (!has_counts_) return AddPairs(values.values, values.groups, nullptr);
    ARROW_ASSIGN_OR_RAISE(const Flattened counts, FlattenLists(*states.front(), groups, pool_));
    return AddPairs(values.values, values.groups,
                    static_cast<const arrow::Int64Array&>(*counts.values).raw_values());
  }
  Result<std::shared_ptr<arrow::Array>> Values() override {
    ARROW_ASSIGN_OR_RAISE(const Lists lists, MakeLists());
    if (function_ == "unique") return lists.values;
    if (function_ == "count_distinct") {
      return FillArray<int64_t>(
          arrow::int64(), num_groups_,
          [&](size_t i) { return lists.values->value_length(static_cast<int64_t>(i)); }, pool_);
    }
    if (function_ == "approx_topk") return TopOf(lists);
    ARROW_ASSIGN_OR_RAISE(auto counters,
                          arrow::StructArray::Make({lists.values, lists.counts},
                                                   std::vector<std::string>{"values", "counts"}));
    return counters;
  }
  int64_t bytes() const override {
    return pairs_.bytes() + static_cast<int64_t>(counts_.capacity() * sizeof(int64_t));
  }

 private:
  struct Lists {
    std::shared_ptr<arrow::ListArray> values;
    std::shared_ptr<arrow::ListArray> counts;  // nullptr where nobody counts
  };

  Status AddPairs(const std::shared_ptr<arrow::Array>& values, GroupIds groups,
                  const int64_t* counts) {
    const auto length = static_cast<int64_t>(groups.size());
    // Borrowed: the table copies what it keeps.
    auto numbers = std::make_shared<arrow::UInt32Array>(
        length, arrow::Buffer::Wrap(groups.data(), groups.size()));
    ARROW_RETURN_NOT_OK(pairs_.Add({std::move(numbers), values}, length, &ids_));
    if (!has_counts_) return Status::OK();
    counts_.resize(static_cast<size_t>(pairs_.num_groups()), 0);
    for (size_t i = 0; i < ids_.size(); ++i) counts_[ids_[i]] += counts == nullptr ? 1 : counts[i];
    return Status::OK();
  }

  Result<Lists> MakeLists() {
    Lists lists;
    if (pairs_.num_groups() == 0) {
      const std::vector<int64_t> begins(static_cast<size_t>(num_groups_) + 1, 0);
      ARROW_ASSIGN_OR_RAISE(auto no_values, arrow::MakeEmptyArray(type_, pool_));
      ARROW_ASSIGN_OR_RAISE(auto no_counts, arrow::MakeEmptyArray(arrow::int64(), pool_));
      ARROW_ASSIGN_OR_RAISE(lists.values, ListsOf(std::move(no_values), begins, pool_));
      ARROW_ASSIGN_OR_RAISE(lists.counts, ListsOf(std::move(no_counts), begins, pool_));
      return lists;
    }
    ARROW_ASSIGN_OR_RAISE(const arrow::ArrayVector pairs, pairs_.Keys(pool_));
    const auto* groups = pairs[0]->data()->GetValues<uint32_t>(1);
    const RowsByGroup order =
        SortByGroup({groups, static_cast<size_t>(pairs[0]->length())}, num_groups_);
    ARROW_ASSIGN_OR_RAISE(auto values, TakeAt(pairs[1], order.rows, pool_));
    ARROW_ASSIGN_OR_RAISE(lists.values, ListsOf(std::move(values), order.begins, pool_));
    if (!has_counts_) return lists;
    ARROW_ASSIGN_OR_RAISE(auto counts,
                          FillArray<int64_t>(
                              arrow::int64(), static_cast<int64_t>(order.rows.size()),
                              [&](size_t i) { return counts_[order.rows[i]]; }, pool_));
    ARROW_ASSIGN_OR_RAISE(lists.counts, ListsOf(std::move(counts), order.begins, pool_));
    return lists;
  }

  Result<std::shared_ptr<arrow::Array>> TopOf(const Lists& lists) {
    const auto* counts = lists.counts->values()->data()->GetValues<int64_t>(1);
    std::vector<int64_t> rows;
    std::vector<int64_t> begins = {0};
    for (int64_t group = 0; group < num_groups_; ++group) {
      const size_t first = rows.size();
      const int64_t begin = lists.values->value_offset(group);
      const int64_t length = lists.values->value_length(group);
      for (int64_t i = begin; i < begin + length; ++i) rows.push_back(i);
      std::stable_sort(rows.begin() + static_cast<std::ptrdiff_t>(first), rows.end(),
                       [counts](int64_t a, int64_t b) { return counts[a] > counts[b]; });
      rows.resize(first + static_cast<size_t>(std::min(length, top_k_)));
      begins.push_back(static_cast<int64_t>(rows.size()));
    }
    ARROW_ASSIGN_OR_RAISE(auto values, TakeAt(lists.values->values(), rows, pool_));
    ARROW_ASSIGN_OR_RAISE(auto top_counts, TakeAt(lists.counts->values(), rows, pool_));
    ARROW_ASSIGN_OR_RAISE(auto items,
                          arrow::StructArray::Make({std::move(values), std::move(top_counts)},
                                                   std::vector<std::string>{column_, "count"}));
    return ListsOf(std::move(items), begins, pool_);
  }

  const std::string function_;
  const std::string column_;
  const bool has_counts_;
  const bool ignores_nulls_;
  const int64_t top_k_;
  const TypePtr type_;
  arrow::MemoryPool* const pool_;
  GroupTable pairs_;
  std::vector<int64_t> counts_;  // by pair
  std::vector<uint32_t> ids_;
  int64_t num_groups_ = 0;
};

}  // namespace

GroupStatePtr MakeDistinctState(const Aggregation& spec, TypePtr type, arrow::MemoryPool* pool) {
  return std::make_unique<DistinctState>(spec, std::move(type), pool);
}

}  // namespace headrace::compute
