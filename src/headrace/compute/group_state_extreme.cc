// SPDX-License-Identifier: Apache-2.0
// min, max, abs_max.
#include <arrow/array/array_binary.h>
#include <arrow/array/util.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/decimal.h>

#include <string>
#include <string_view>

#include "headrace/compute/group_state.h"
#include "headrace/compute/key_rows.h"

namespace headrace::compute {
namespace {

/// Common part of fixed and text values.
class ExtremeState : public NullAwareState {
 public:
  ExtremeState(const Aggregation& spec, TypePtr type, arrow::MemoryPool* pool)
      : NullAwareState(spec.ignore_nulls, pool),
        takes_max_(spec.function != "min"),
        takes_abs_(spec.function == "abs_max"),
        type_(std::move(type)) {}
  Result<std::shared_ptr<arrow::Array>> Values() override { return ToArray(/*with_nulls=*/true); }

 protected:
  virtual Status TakeBest(const std::shared_ptr<arrow::Array>& values, GroupIds groups) = 0;
  /// `with_nulls`: groups that saw a null are null.
  virtual Result<std::shared_ptr<arrow::Array>> ToArray(bool with_nulls) = 0;

  const bool takes_max_;
  const bool takes_abs_;
  const TypePtr type_;

 private:
  Status AddValues(const std::shared_ptr<arrow::Array>& values, GroupIds groups) override {
    if (!takes_abs_) return TakeBest(values, groups);
    ARROW_ASSIGN_OR_RAISE(const arrow::Datum abs,
                          arrow::compute::CallFunction("abs_checked", {values}));
    return TakeBest(abs.make_array(), groups);
  }
  arrow::DataTypeVector value_types() const override { return {type_}; }
  Result<arrow::ArrayVector> ValueStates() override {
    ARROW_ASSIGN_OR_RAISE(auto values, ToArray(/*with_nulls=*/false));
    return arrow::ArrayVector{std::move(values)};
  }
  Status MergeValues(std::span<const std::shared_ptr<arrow::Array>> states,
                     GroupIds groups) override {
    return TakeBest(states[0], groups);
  }
};

/// C is the type of a value in memory.
template <typename C>
class FixedExtremeState final : public ExtremeState {
 public:
  using ExtremeState::ExtremeState;

 private:
  struct Slot {
    C value{};
    bool has_value = false;
  };
  void ResizeValues(int64_t num_groups) override { slots_.resize(static_cast<size_t>(num_groups)); }
  int64_t value_bytes() const override {
    return static_cast<int64_t>(slots_.capacity() * sizeof(Slot));
  }
  Status TakeBest(const std::shared_ptr<arrow::Array>& values, GroupIds groups) override {
    std::shared_ptr<arrow::Array> fixed = values;
    if (values->type_id() == arrow::Type::BOOL) {
      ARROW_ASSIGN_OR_RAISE(fixed, arrow::compute::Cast(*values, arrow::uint8()));
    }
    const auto take = [](Slot& slot, const C& value, auto is_better) {
      // The last condition holds for NaN alone, which any other value replaces.
      const bool replaces =
          !slot.has_value || is_better(value, slot.value) || slot.value != slot.value;
      slot.value = replaces ? value : slot.value;
      slot.has_value = true;
    };
    if (takes_max_) {
      ForSlots<C>(*fixed, groups, slots_.data(), [&](Slot& slot, const C& value) {
        take(slot, value, [](const C& a, const C& b) { return b < a; });
      });
    } else {
      ForSlots<C>(*fixed, groups, slots_.data(), [&](Slot& slot, const C& value) {
        take(slot, value, [](const C& a, const C& b) { return a < b; });
      });
    }
    return Status::OK();
  }
  Result<std::shared_ptr<arrow::Array>> ToArray(bool with_nulls) override {
    const bool is_bool = type_->id() == arrow::Type::BOOL;
    ARROW_ASSIGN_OR_RAISE(
        auto array,
        FillArray<C>(
            is_bool ? arrow::uint8() : type_, static_cast<int64_t>(slots_.size()),
            [this](size_t i) { return slots_[i].value; },
            [&](size_t i) { return slots_[i].has_value && !(with_nulls && is_null(i)); }, pool()));
    return is_bool ? arrow::compute::Cast(*array, type_) : array;
  }

  std::vector<Slot> slots_;
};

class TextExtremeState final : public ExtremeState {
 public:
  using ExtremeState::ExtremeState;

 private:
  void ResizeValues(int64_t num_groups) override {
    values_.resize(static_cast<size_t>(num_groups));
    has_value_.resize(static_cast<size_t>(num_groups), 0);
  }
  int64_t value_bytes() const override {
    return static_cast<int64_t>(values_.capacity() * sizeof(std::string) + has_value_.capacity()) +
           text_bytes_;
  }
  Status TakeBest(const std::shared_ptr<arrow::Array>& values, GroupIds groups) override {
    ARROW_ASSIGN_OR_RAISE(const HashKeyColumn texts,
                          HashKeyColumn::Make(values, type_->ToString()));
    for (size_t i = 0; i < groups.size(); ++i) {
      const auto row = static_cast<int64_t>(i);
      if (texts.IsNull(row)) continue;
      const std::string_view text = texts.Bytes(row);
      std::string& best = values_[groups[i]];
      if (has_value_[groups[i]] != 0 && (takes_max_ ? text <= best : text >= best)) continue;
      const size_t before = best.capacity();
      best.assign(text);
      text_bytes_ += static_cast<int64_t>(best.capacity() - before);
      has_value_[groups[i]] = 1;
    }
    return Status::OK();
  }
  Result<std::shared_ptr<arrow::Array>> ToArray(bool with_nulls) override {
    const auto length = static_cast<int64_t>(values_.size());
    ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<arrow::Buffer> validity,
                          arrow::AllocateEmptyBitmap(length, pool()));
    for (size_t i = 0; i < values_.size(); ++i) {
      arrow::bit_util::SetBitTo(validity->mutable_data(), static_cast<int64_t>(i),
                                has_value_[i] != 0 && !(with_nulls && is_null(i)));
    }
    const std::vector<std::string_view> texts(values_.begin(), values_.end());
    return ArrayOfTexts(type_, texts, validity->data(), pool());
  }

  std::vector<std::string> values_;
  std::vector<uint8_t> has_value_;
  int64_t text_bytes_ = 0;
};

}  // namespace

GroupStatePtr MakeExtremeState(const Aggregation& spec, TypePtr type, arrow::MemoryPool* pool) {
  const auto make = [&]<typename C>(C) -> GroupStatePtr {
    return std::make_unique<FixedExtremeState<C>>(spec, std::move(type), pool);
  };
  switch (type->id()) {
    case arrow::Type::BOOL:
    case arrow::Type::UINT8:
      return make(uint8_t{});
    case arrow::Type::UINT16:
      return make(uint16_t{});
    case arrow::Type::UINT32:
      return make(uint32_t{});
    case arrow::Type::UINT64:
      return make(uint64_t{});
    case arrow::Type::INT8:
      return make(int8_t{});
    case arrow::Type::INT16:
      return make(int16_t{});
    case arrow::Type::FLOAT:
      return make(float{});
    case arrow::Type::DOUBLE:
      return make(double{});
    case arrow::Type::DECIMAL128:
      return make(arrow::Decimal128{});
    case arrow::Type::DECIMAL256:
      return make(arrow::Decimal256{});
    default:
      break;
  }
  if (arrow::is_base_binary_like(type->id()) || type->id() == arrow::Type::FIXED_SIZE_BINARY) {
    return std::make_unique<TextExtremeState>(spec, std::move(type), pool);
  }
  // Integers, small decimals and points in time: signed, of one scale.
  return type->byte_width() == 4 ? make(int32_t{}) : make(int64_t{});
}

}  // namespace headrace::compute
