// SPDX-License-Identifier: Apache-2.0
// count, missing_pct, zero_pct: nothing but counters.
#include <arrow/array/array_primitive.h>
#include <arrow/compute/cast.h>
#include <arrow/type.h>

#include "headrace/compute/group_state.h"

namespace headrace::compute {
namespace {

Result<std::shared_ptr<arrow::Array>> CountsToArray(const std::vector<int64_t>& counts,
                                                    arrow::MemoryPool* pool) {
  return FillArray<int64_t>(
      arrow::int64(), static_cast<int64_t>(counts.size()), [&](size_t i) { return counts[i]; },
      pool);
}

void AddCounts(const arrow::Array& from, GroupIds groups, std::vector<int64_t>* into) {
  int64_t* const counts = into->data();
  ForValues<int64_t>(from, groups,
                     [counts](uint32_t group, int64_t count) { counts[group] += count; });
}

class CountState final : public GroupState {
 public:
  CountState(const Aggregation& spec, arrow::MemoryPool* pool)
      : counts_nulls_(!spec.ignore_nulls || spec.column.empty()), pool_(pool) {}
  void Resize(int64_t num_groups) override { counts_.resize(static_cast<size_t>(num_groups), 0); }
  Status Add(const std::shared_ptr<arrow::Array>& values, GroupIds groups) override {
    int64_t* const counts = counts_.data();
    if (counts_nulls_ || values->null_count() == 0) {
      for (size_t i = 0; i < groups.size(); ++i) {
        if (i + kSlotsAhead < groups.size()) {
          __builtin_prefetch(counts + groups[i + kSlotsAhead], 1);
        }
        ++counts[groups[i]];
      }
      return Status::OK();
    }
    for (size_t i = 0; i < groups.size(); ++i) {
      counts[groups[i]] += values->IsValid(static_cast<int64_t>(i)) ? 1 : 0;
    }
    return Status::OK();
  }
  arrow::DataTypeVector state_types() const override { return {arrow::int64()}; }
  Result<arrow::ArrayVector> States() override {
    ARROW_ASSIGN_OR_RAISE(auto counts, Values());
    return arrow::ArrayVector{std::move(counts)};
  }
  Status Merge(const arrow::ArrayVector& states, GroupIds groups) override {
    AddCounts(*states[0], groups, &counts_);
    return Status::OK();
  }
  Result<std::shared_ptr<arrow::Array>> Values() override { return CountsToArray(counts_, pool_); }
  int64_t bytes() const override { return static_cast<int64_t>(counts_.capacity() * 8); }

 private:
  const bool counts_nulls_;
  arrow::MemoryPool* const pool_;
  std::vector<int64_t> counts_;
};

/// Rows of a kind per 100 rows.
class ShareState final : public GroupState {
 public:
  ShareState(const Aggregation& spec, arrow::MemoryPool* pool)
      : of_missing_(spec.function == "missing_pct"),
        counts_nulls_(of_missing_ || !spec.ignore_nulls),
        pool_(pool) {}
  void Resize(int64_t num_groups) override {
    hits_.resize(static_cast<size_t>(num_groups), 0);
    rows_.resize(static_cast<size_t>(num_groups), 0);
  }
  Status Add(const std::shared_ptr<arrow::Array>& values, GroupIds groups) override {
    if (counts_nulls_) {
      for (const uint32_t group : groups) ++rows_[group];
    }
    if (of_missing_ && values->null_count() > 0) {
      for (size_t i = 0; i < groups.size(); ++i) {
        hits_[groups[i]] += values->IsNull(static_cast<int64_t>(i)) ? 1 : 0;
      }
    }
    if (of_missing_ && !arrow::is_floating(values->type_id())) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(const auto numbers, arrow::compute::Cast(*values, arrow::float64()));
    ForValues<double>(*numbers, groups, [this](uint32_t group, double value) {
      hits_[group] += (of_missing_ ? value != value : value == 0) ? 1 : 0;
      if (!counts_nulls_) ++rows_[group];
    });
    return Status::OK();
  }
  arrow::DataTypeVector state_types() const override { return {arrow::int64(), arrow::int64()}; }
  Result<arrow::ArrayVector> States() override {
    ARROW_ASSIGN_OR_RAISE(auto hits, CountsToArray(hits_, pool_));
    ARROW_ASSIGN_OR_RAISE(auto rows, CountsToArray(rows_, pool_));
    return arrow::ArrayVector{std::move(hits), std::move(rows)};
  }
  Status Merge(const arrow::ArrayVector& states, GroupIds groups) override {
    AddCounts(*states[0], groups, &hits_);
    AddCounts(*states[1], groups, &rows_);
    return Status::OK();
  }
  Result<std::shared_ptr<arrow::Array>> Values() override {
    return FillArray<double>(
        arrow::float64(), static_cast<int64_t>(rows_.size()),
        [this](size_t i) {
          return 100 * static_cast<double>(hits_[i]) / static_cast<double>(rows_[i]);
        },
        [this](size_t i) { return rows_[i] > 0; }, pool_);
  }
  int64_t bytes() const override { return static_cast<int64_t>(hits_.capacity() * 16); }

 private:
  const bool of_missing_;
  const bool counts_nulls_;
  arrow::MemoryPool* const pool_;
  std::vector<int64_t> hits_;
  std::vector<int64_t> rows_;
};

}  // namespace

GroupStatePtr MakeCountState(const Aggregation& spec, arrow::MemoryPool* pool) {
  return std::make_unique<CountState>(spec, pool);
}

GroupStatePtr MakeShareState(const Aggregation& spec, arrow::MemoryPool* pool) {
  return std::make_unique<ShareState>(spec, pool);
}

}  // namespace headrace::compute
