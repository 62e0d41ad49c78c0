// SPDX-License-Identifier: Apache-2.0
// sum, mean, std: running moments.
#include <arrow/array/util.h>
#include <arrow/compute/cast.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include <cmath>
#include <cstring>

#include "headrace/compute/group_state.h"

namespace headrace::compute {
namespace {

/// A decimal of 128 bits as it lies in an array, which need not be aligned to 16 bytes.
struct Wide {
  uint64_t low = 0;
  int64_t high = 0;
};

bool AddChecked(int64_t* sum, int64_t value) { return __builtin_add_overflow(*sum, value, sum); }
bool AddChecked(uint64_t* sum, uint64_t value) { return __builtin_add_overflow(*sum, value, sum); }
bool AddChecked(double* sum, double value) {
  *sum += value;
  return false;
}
bool AddChecked(Wide* sum, Wide value) {
  const bool carry = __builtin_add_overflow(sum->low, value.low, &sum->low);
  int64_t high = 0;
  bool overflow = __builtin_add_overflow(sum->high, value.high, &high);
  // A carry can bring a sum that ran below back into range.
  overflow ^= __builtin_add_overflow(high, static_cast<int64_t>(carry), &sum->high);
  return overflow;
}
bool AddChecked(arrow::Decimal256* sum, const arrow::Decimal256& value) {
  *sum += value;
  return !sum->FitsInPrecision(arrow::Decimal256Type::kMaxPrecision);
}

template <typename C>
class SumState final : public NullAwareState {
 public:
  SumState(const Aggregation& spec, TypePtr type, arrow::MemoryPool* pool)
      : NullAwareState(spec.ignore_nulls, pool), type_(std::move(type)) {}
  Result<std::shared_ptr<arrow::Array>> Values() override {
    return ToArray([this](size_t i) { return slots_[i].has_value != 0 && !is_null(i); });
  }

 private:
  // Together, so that a row touches one cache line.
  struct Slot {
    C sum{};
    uint64_t has_value = 0;
  };
  void ResizeValues(int64_t num_groups) override { slots_.resize(static_cast<size_t>(num_groups)); }
  Status AddValues(const std::shared_ptr<arrow::Array>& values, GroupIds groups) override {
    bool overflow = false;
    ForSlots<C>(*values, groups, slots_.data(), [&overflow](Slot& slot, const C& value) {
      overflow |= AddChecked(&slot.sum, value);
      slot.has_value = 1;
    });
    if (!overflow) return Status::OK();
    return Status::Invalid("Sum of ", type_->ToString(), " does not fit in its ",
                           type_->byte_width() * 8, " bits");
  }
  arrow::DataTypeVector value_types() const override { return {type_}; }
  Result<arrow::ArrayVector> ValueStates() override {
    ARROW_ASSIGN_OR_RAISE(auto sums,
                          ToArray([this](size_t i) { return slots_[i].has_value != 0; }));
    return arrow::ArrayVector{std::move(sums)};
  }
  Status MergeValues(std::span<const std::shared_ptr<arrow::Array>> states,
                     GroupIds groups) override {
    return AddValues(states[0], groups);
  }
  int64_t value_bytes() const override {
    return static_cast<int64_t>(slots_.capacity() * sizeof(Slot));
  }
  template <typename Valid>
  Result<std::shared_ptr<arrow::Array>> ToArray(Valid valid) {
    return FillArray<C>(
        type_, static_cast<int64_t>(slots_.size()), [this](size_t i) { return slots_[i].sum; },
        valid, pool());
  }

  const TypePtr type_;
  std::vector<Slot> slots_;
};

/// `values` as doubles.
Result<std::shared_ptr<arrow::Array>> AsDoubles(const std::shared_ptr<arrow::Array>& values) {
  if (values->type_id() == arrow::Type::DOUBLE) return values;
  // Integers beyond 2^53 round, as they do when Python divides them.
  return arrow::compute::Cast(*values, arrow::float64(), arrow::compute::CastOptions::Unsafe());
}

class MeanState final : public NullAwareState {
 public:
  MeanState(const Aggregation& spec, arrow::MemoryPool* pool)
      : NullAwareState(spec.ignore_nulls, pool) {}
  Result<std::shared_ptr<arrow::Array>> Values() override {
    return FillArray<double>(
        arrow::float64(), size(),
        [this](size_t i) { return slots_[i].sum / static_cast<double>(slots_[i].count); },
        [this](size_t i) { return slots_[i].count > 0 && !is_null(i); }, pool());
  }

 private:
  struct Slot {
    int64_t count = 0;
    double sum = 0;
  };
  int64_t size() const { return static_cast<int64_t>(slots_.size()); }
  void ResizeValues(int64_t num_groups) override { slots_.resize(static_cast<size_t>(num_groups)); }
  Status AddValues(const std::shared_ptr<arrow::Array>& values, GroupIds groups) override {
    const auto add = [](Slot& slot, auto value) {
      slot.sum += static_cast<double>(value);
      ++slot.count;
    };
    if (values->type_id() == arrow::Type::INT64) {
      ForSlots<int64_t>(*values, groups, slots_.data(), add);
      return Status::OK();
    }
    ARROW_ASSIGN_OR_RAISE(const auto doubles, AsDoubles(values));
    ForSlots<double>(*doubles, groups, slots_.data(), add);
    return Status::OK();
  }
  arrow::DataTypeVector value_types() const override { return {arrow::int64(), arrow::float64()}; }
  Result<arrow::ArrayVector> ValueStates() override {
    ARROW_ASSIGN_OR_RAISE(auto counts, FillArray<int64_t>(
                                           arrow::int64(), size(),
                                           [this](size_t i) { return slots_[i].count; }, pool()));
    ARROW_ASSIGN_OR_RAISE(auto sums, FillArray<double>(
                                         arrow::float64(), size(),
                                         [this](size_t i) { return slots_[i].sum; }, pool()));
    return arrow::ArrayVector{std::move(counts), std::move(sums)};
  }
  Status MergeValues(std::span<const std::shared_ptr<arrow::Array>> states,
                     GroupIds groups) override {
    ForValues<int64_t>(*states[0], groups,
                       [this](uint32_t group, int64_t count) { slots_[group].count += count; });
    ForValues<double>(*states[1], groups,
                      [this](uint32_t group, double sum) { slots_[group].sum += sum; });
    return Status::OK();
  }
  int64_t value_bytes() const override {
    return static_cast<int64_t>(slots_.capacity() * sizeof(Slot));
  }

  std::vector<Slot> slots_;
};

class StdState final : public NullAwareState {
 public:
  StdState(const Aggregation& spec, arrow::MemoryPool* pool)
      : NullAwareState(spec.ignore_nulls, pool), ddof_(spec.ddof) {}
  Result<std::shared_ptr<arrow::Array>> Values() override {
    return FillArray<double>(
        arrow::float64(), size(),
        [this](size_t i) {
          // No degree of freedom is left: not a number, as in numpy and Ray.
          if (slots_[i].count <= ddof_) return std::nan("");
          return std::sqrt(slots_[i].m2 / static_cast<double>(slots_[i].count - ddof_));
        },
        [this](size_t i) { return slots_[i].count > 0 && !is_null(i); }, pool());
  }

 private:
  struct Moments {
    int64_t count = 0;
    double mean = 0;
    double m2 = 0;  // sum of squared distances to the mean
  };
  int64_t size() const { return static_cast<int64_t>(slots_.size()); }
  void ResizeValues(int64_t num_groups) override { slots_.resize(static_cast<size_t>(num_groups)); }
  Status AddValues(const std::shared_ptr<arrow::Array>& values, GroupIds groups) override {
    ARROW_ASSIGN_OR_RAISE(const auto doubles, AsDoubles(values));
    ForSlots<double>(*doubles, groups, slots_.data(), [](Moments& slot, double value) {
      const double delta = value - slot.mean;
      slot.mean += delta / static_cast<double>(++slot.count);
      slot.m2 += delta * (value - slot.mean);
    });
    return Status::OK();
  }
  arrow::DataTypeVector value_types() const override {
    return {arrow::int64(), arrow::float64(), arrow::float64()};
  }
  Result<arrow::ArrayVector> ValueStates() override {
    ARROW_ASSIGN_OR_RAISE(auto counts, FillArray<int64_t>(
                                           arrow::int64(), size(),
                                           [this](size_t i) { return slots_[i].count; }, pool()));
    ARROW_ASSIGN_OR_RAISE(auto means, FillArray<double>(
                                          arrow::float64(), size(),
                                          [this](size_t i) { return slots_[i].mean; }, pool()));
    ARROW_ASSIGN_OR_RAISE(
        auto m2s, FillArray<double>(
                      arrow::float64(), size(), [this](size_t i) { return slots_[i].m2; }, pool()));
    return arrow::ArrayVector{std::move(counts), std::move(means), std::move(m2s)};
  }
  Status MergeValues(std::span<const std::shared_ptr<arrow::Array>> states,
                     GroupIds groups) override {
    const auto* counts = states[0]->data()->GetValues<int64_t>(1);
    const auto* means = states[1]->data()->GetValues<double>(1);
    const auto* m2s = states[2]->data()->GetValues<double>(1);
    for (size_t i = 0; i < groups.size(); ++i) {
      if (counts[i] == 0) continue;
      Moments& slot = slots_[groups[i]];
      // Chan et al.: exact up to rounding, whatever the sizes of the two sides.
      const auto n_from = static_cast<double>(counts[i]);
      const auto n_into = static_cast<double>(slot.count);
      const double delta = means[i] - slot.mean;
      slot.mean += delta * n_from / (n_from + n_into);
      slot.m2 += m2s[i] + delta * delta * n_from * n_into / (n_from + n_into);
      slot.count += counts[i];
    }
    return Status::OK();
  }
  int64_t value_bytes() const override {
    return static_cast<int64_t>(slots_.capacity() * sizeof(Moments));
  }

  const int64_t ddof_;
  std::vector<Moments> slots_;
};

}  // namespace

GroupStatePtr MakeSumState(const Aggregation& spec, TypePtr type, arrow::MemoryPool* pool) {
  switch (type->id()) {
    case arrow::Type::UINT64:
      return std::make_unique<SumState<uint64_t>>(spec, std::move(type), pool);
    case arrow::Type::DOUBLE:
      return std::make_unique<SumState<double>>(spec, std::move(type), pool);
    case arrow::Type::DECIMAL128:
      return std::make_unique<SumState<Wide>>(spec, std::move(type), pool);
    case arrow::Type::DECIMAL256:
      return std::make_unique<SumState<arrow::Decimal256>>(spec, std::move(type), pool);
    default:  // int64 and duration
      return std::make_unique<SumState<int64_t>>(spec, std::move(type), pool);
  }
}

GroupStatePtr MakeMeanState(const Aggregation& spec, arrow::MemoryPool* pool) {
  return std::make_unique<MeanState>(spec, pool);
}

GroupStatePtr MakeStdState(const Aggregation& spec, arrow::MemoryPool* pool) {
  return std::make_unique<StdState>(spec, pool);
}

}  // namespace headrace::compute
