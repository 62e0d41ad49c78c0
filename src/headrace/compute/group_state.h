// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/array/array_base.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/shuffle_options.h"

namespace headrace::compute {

using GroupIds = std::span<const uint32_t>;

/// What the rows of all groups contribute to one aggregate, by group number. One virtual call per
/// batch of rows; inside, loops over typed arrays. Owned by a GroupAggregator, used by its thread.
class GroupState {
 public:
  virtual ~GroupState() = default;
  /// Makes room for groups up to `num_groups`; never fewer than before. Before every other call.
  virtual void Resize(int64_t num_groups) = 0;
  /// `values[i]` belongs to groups[i]. Of the type that the state was made for; where that does not
  /// matter (StateTyping::kNone) any type that is no dictionary, and nullptr for rows as such.
  virtual Status Add(const std::shared_ptr<arrow::Array>& values, GroupIds groups) = 0;
  /// The columns of States(), from left to right, and how many there are: the same for all types.
  virtual arrow::DataTypeVector state_types() const = 0;
  /// Columns of state_types(), one row per group.
  virtual Result<arrow::ArrayVector> States() = 0;
  /// Row i of `states` is added to groups[i].
  virtual Status Merge(const arrow::ArrayVector& states, GroupIds groups) = 0;
  /// One row per group.
  virtual Result<std::shared_ptr<arrow::Array>> Values() = 0;
  virtual int64_t bytes() const = 0;
};

/// How a state depends on the type of its column.
enum class StateTyping : uint8_t {
  kNone,    // not at all
  kDirect,  // the last column of its states has the type
  kList,    // the last column of its states is a list of it
};

/// Fails with Invalid for a function that does not exist or whose parameters make no sense.
Status CheckSpec(const Aggregation& spec);
StateTyping TypingOf(const Aggregation& spec);
/// The type for which a state takes values of `type`: sums widen. Fails with TypeError where there
/// is no such aggregate. A state's own type is its own input type.
Result<std::shared_ptr<arrow::DataType>> InputTypeOf(const Aggregation& spec,
                                                     const std::shared_ptr<arrow::DataType>& type);
/// `type` is as InputTypeOf gives it.
Result<std::unique_ptr<GroupState>> MakeGroupState(const Aggregation& spec,
                                                   const std::shared_ptr<arrow::DataType>& type,
                                                   arrow::MemoryPool* pool);

// The families, one file each.
using GroupStatePtr = std::unique_ptr<GroupState>;
using TypePtr = std::shared_ptr<arrow::DataType>;
GroupStatePtr MakeCountState(const Aggregation& spec, arrow::MemoryPool* pool);
GroupStatePtr MakeShareState(const Aggregation& spec, arrow::MemoryPool* pool);
GroupStatePtr MakeSumState(const Aggregation& spec, TypePtr type, arrow::MemoryPool* pool);
GroupStatePtr MakeMeanState(const Aggregation& spec, arrow::MemoryPool* pool);
GroupStatePtr MakeStdState(const Aggregation& spec, arrow::MemoryPool* pool);
GroupStatePtr MakeExtremeState(const Aggregation& spec, TypePtr type, arrow::MemoryPool* pool);
GroupStatePtr MakeEdgeState(const Aggregation& spec, TypePtr type, arrow::MemoryPool* pool);
GroupStatePtr MakeDistinctState(const Aggregation& spec, TypePtr type, arrow::MemoryPool* pool);
GroupStatePtr MakeListState(const Aggregation& spec, TypePtr type, arrow::MemoryPool* pool);
GroupStatePtr MakeNullState(const Aggregation& spec, TypePtr type, arrow::MemoryPool* pool);

/// How many rows ahead the slots of groups are fetched from memory.
inline constexpr size_t kSlotsAhead = 16;

/// each(slots[group], value) for all values of `array` that are not null; C is their type in
/// memory.
template <typename C, typename Slot, typename Each>
void ForSlots(const arrow::Array& array, GroupIds groups, Slot* slots, Each each) {
  const C* values = array.data()->GetValues<C>(1);
  const size_t num_rows = groups.size();
  if (array.null_count() > 0) {
    const uint8_t* bits = array.null_bitmap_data();
    for (size_t i = 0; i < num_rows; ++i) {
      if (i + kSlotsAhead < num_rows) __builtin_prefetch(slots + groups[i + kSlotsAhead], 1);
      if (arrow::bit_util::GetBit(bits, array.offset() + static_cast<int64_t>(i))) {
        each(slots[groups[i]], values[i]);
      }
    }
    return;
  }
  size_t i = 0;
  for (; i + kSlotsAhead < num_rows; ++i) {
    __builtin_prefetch(slots + groups[i + kSlotsAhead], 1);
    each(slots[groups[i]], values[i]);
  }
  for (; i < num_rows; ++i) each(slots[groups[i]], values[i]);
}

/// each(group, value) for all values of `array` that are not null; C is their type in memory.
template <typename C, typename Each>
void ForValues(const arrow::Array& array, GroupIds groups, Each each) {
  const C* values = array.data()->GetValues<C>(1);
  const bool has_nulls = array.null_count() > 0;
  for (size_t i = 0; i < groups.size(); ++i) {
    if (has_nulls && array.IsNull(static_cast<int64_t>(i))) continue;
    each(groups[i], values[i]);
  }
}

/// A state that is null for groups that saw a null, unless nulls are ignored: then the first column
/// of its states, of uint8, says for which.
class NullAwareState : public GroupState {
 public:
  NullAwareState(bool ignore_nulls, arrow::MemoryPool* pool)
      : tracks_(!ignore_nulls), pool_(pool) {}
  void Resize(int64_t num_groups) final;
  Status Add(const std::shared_ptr<arrow::Array>& values, GroupIds groups) final;
  arrow::DataTypeVector state_types() const final;
  Result<arrow::ArrayVector> States() final;
  Status Merge(const arrow::ArrayVector& states, GroupIds groups) final;
  int64_t bytes() const final { return static_cast<int64_t>(seen_.capacity()) + value_bytes(); }

 protected:
  bool is_null(size_t group) const { return tracks_ && seen_[group] != 0; }
  arrow::MemoryPool* pool() const { return pool_; }

 private:
  // The same without the nulls.
  virtual void ResizeValues(int64_t num_groups) = 0;
  virtual Status AddValues(const std::shared_ptr<arrow::Array>& values, GroupIds groups) = 0;
  virtual arrow::DataTypeVector value_types() const = 0;
  virtual Result<arrow::ArrayVector> ValueStates() = 0;
  virtual Status MergeValues(std::span<const std::shared_ptr<arrow::Array>> states,
                             GroupIds groups) = 0;
  virtual int64_t value_bytes() const = 0;

  const bool tracks_;
  arrow::MemoryPool* const pool_;
  std::vector<uint8_t> seen_;
};

/// An array of `type`, whose values lie in memory as C, out of value(i) and valid(i).
template <typename C, typename Value, typename Valid>
Result<std::shared_ptr<arrow::Array>> FillArray(const TypePtr& type, int64_t length, Value value,
                                                Valid valid, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> values,
                        arrow::AllocateBuffer(length * static_cast<int64_t>(sizeof(C)), pool));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> validity,
                        arrow::AllocateEmptyBitmap(length, pool));
  C* const out = reinterpret_cast<C*>(values->mutable_data());
  int64_t nulls = 0;
  for (int64_t i = 0; i < length; ++i) {
    const bool is_valid = valid(static_cast<size_t>(i));
    out[i] = is_valid ? value(static_cast<size_t>(i)) : C{};
    arrow::bit_util::SetBitTo(validity->mutable_data(), i, is_valid);
    nulls += is_valid ? 0 : 1;
  }
  if (nulls == 0) validity = nullptr;
  return arrow::MakeArray(
      arrow::ArrayData::Make(type, length, {std::move(validity), std::move(values)}, nulls));
}

/// The same where all are valid.
template <typename C, typename Value>
Result<std::shared_ptr<arrow::Array>> FillArray(const TypePtr& type, int64_t length, Value value,
                                                arrow::MemoryPool* pool) {
  return FillArray<C>(
      type, length, value, [](size_t) { return true; }, pool);
}

}  // namespace headrace::compute
