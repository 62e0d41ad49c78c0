// SPDX-License-Identifier: Apache-2.0
// first, last.
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/type.h>

#include "headrace/block.h"
#include "headrace/compute/group_lists.h"
#include "headrace/compute/group_state.h"

namespace headrace::compute {
namespace {

// Values of `last` that were replaced are dropped when they outnumber the groups by this much.
constexpr int64_t kDeadValues = 1 << 16;

/// Copies, of each batch, the rows that are the first or last of their group so far, and keeps
/// where in these copies each group's value lies. Works for every type.
class EdgeState final : public GroupState {
 public:
  EdgeState(const Aggregation& spec, TypePtr type, arrow::MemoryPool* pool)
      : is_first_(spec.function == "first"),
        ignores_nulls_(spec.ignore_nulls),
        type_(std::move(type)),
        pool_(pool) {}
  void Resize(int64_t num_groups) override { places_.resize(static_cast<size_t>(num_groups), -1); }
  Status Add(const std::shared_ptr<arrow::Array>& values, GroupIds groups) override {
    return Take(values, groups, [&](size_t i) {
      return !ignores_nulls_ || values->IsValid(static_cast<int64_t>(i));
    });
  }
  arrow::DataTypeVector state_types() const override {
    if (ignores_nulls_) return {type_};
    return {arrow::uint8(), type_};
  }
  Result<arrow::ArrayVector> States() override {
    arrow::ArrayVector states;
    if (!ignores_nulls_) {
      ARROW_ASSIGN_OR_RAISE(auto has_value,
                            FillArray<uint8_t>(
                                arrow::uint8(), static_cast<int64_t>(places_.size()),
                                [this](size_t i) { return places_[i] >= 0 ? 1 : 0; }, pool_));
      states.push_back(std::move(has_value));
    }
    ARROW_ASSIGN_OR_RAISE(auto values, Values());
    states.push_back(std::move(values));
    return states;
  }
  Status Merge(const arrow::ArrayVector& states, GroupIds groups) override {
    const auto& values = states.back();
    if (ignores_nulls_) {
      return Take(values, groups,
                  [&](size_t i) { return values->IsValid(static_cast<int64_t>(i)); });
    }
    const auto* has_value = states.front()->data()->GetValues<uint8_t>(1);
    return Take(values, groups, [&](size_t i) { return has_value[i] != 0; });
  }
  Result<std::shared_ptr<arrow::Array>> Values() override {
    ARROW_RETURN_NOT_OK(Compact());
    if (chunks_.empty()) {
      return arrow::MakeArrayOfNull(type_, static_cast<int64_t>(places_.size()), pool_);
    }
    return TakeAt(chunks_.front(), places_, pool_);
  }
  int64_t bytes() const override {
    return static_cast<int64_t>(places_.capacity() * sizeof(int64_t)) + value_bytes_;
  }

 private:
  template <typename Counts>
  Status Take(const std::shared_ptr<arrow::Array>& values, GroupIds groups, Counts counts) {
    std::vector<int64_t> rows;
    if (is_first_) {
      for (size_t i = 0; i < groups.size(); ++i) {
        if (places_[groups[i]] < 0 && counts(i)) Pick(groups[i], i, &rows);
      }
    } else {
      // From the end: what was picked in this batch stays.
      const int64_t before = kept_;
      for (size_t i = groups.size(); i-- > 0;) {
        if (places_[groups[i]] < before && counts(i)) Pick(groups[i], i, &rows);
      }
    }
    if (rows.empty()) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(auto chunk, TakeAt(values, rows, pool_));
    kept_ += chunk->length();
    AddChunk(std::move(chunk));
    const bool many_dead = kept_ > 2 * static_cast<int64_t>(places_.size()) + kDeadValues;
    return many_dead ? Compact() : Status::OK();
  }
  void Pick(uint32_t group, size_t row, std::vector<int64_t>* rows) {
    places_[group] = kept_ + static_cast<int64_t>(rows->size());
    rows->push_back(static_cast<int64_t>(row));
  }
  void AddChunk(std::shared_ptr<arrow::Array> chunk) {
    auto schema = arrow::schema({arrow::field("", chunk->type())});
    value_bytes_ +=
        Block(arrow::RecordBatch::Make(std::move(schema), chunk->length(), {chunk})).size_bytes();
    chunks_.push_back(std::move(chunk));
  }
  /// One chunk, without the values that were replaced.
  Status Compact() {
    if (chunks_.empty()) return Status::OK();
    std::vector<int64_t> rows;
    for (int64_t& place : places_) {
      if (place < 0) continue;
      rows.push_back(place);
      place = static_cast<int64_t>(rows.size()) - 1;
    }
    ARROW_ASSIGN_OR_RAISE(auto values, arrow::Concatenate(chunks_, pool_));
    ARROW_ASSIGN_OR_RAISE(values, TakeAt(values, rows, pool_));
    chunks_.clear();
    value_bytes_ = 0;
    kept_ = values->length();
    AddChunk(std::move(values));
    return Status::OK();
  }

  const bool is_first_;
  const bool ignores_nulls_;
  const TypePtr type_;
  arrow::MemoryPool* const pool_;
  std::vector<int64_t> places_;  // by group: its value among those of all chunks; -1: none yet
  arrow::ArrayVector chunks_;
  int64_t kept_ = 0;  // values in chunks_
  int64_t value_bytes_ = 0;
};

}  // namespace

GroupStatePtr MakeEdgeState(const Aggregation& spec, TypePtr type, arrow::MemoryPool* pool) {
  return std::make_unique<EdgeState>(spec, std::move(type), pool);
}

}  // namespace headrace::compute
