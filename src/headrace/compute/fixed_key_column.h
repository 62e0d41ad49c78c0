// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/array/array_base.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>

#include "headrace/compute/key_column.h"

namespace headrace::compute {

/// What follows the values of a sort column.
enum class KeyClass : uint8_t { kValue = 0, kNaN = 1, kNull = 2 };

/// First byte of a key in bytes. Integers from 2^63 on have one of their own, so that integers of
/// all types compare.
inline constexpr uint8_t kLeadHugeDescending = 0x0F;
inline constexpr uint8_t kLeadValue = 0x10;
inline constexpr uint8_t kLeadHuge = 0x11;
inline constexpr uint8_t kLeadNaN = 0x20;
inline constexpr uint8_t kLeadNull = 0x30;

/// A sort column whose values are numbers of at most 64 bits: bool, integers, floats, dates, times,
/// small decimals, or nothing but nulls.
class FixedKeyColumn final : public KeyColumn {
 public:
  enum class Form : uint8_t { kNone, kBool, kSigned, kUnsigned, kFloat };

  /// nullptr for other types.
  static Result<std::unique_ptr<FixedKeyColumn>> Make(const arrow::ArrayVector& chunks,
                                                      const SortColumn& key,
                                                      arrow::MemoryPool* pool);

  void AddLengths(std::span<int64_t> lengths) const override;
  void Write(uint8_t* out, std::span<int64_t> places) const override;
  FixedKeyColumn* fixed() override { return this; }

  /// Bits of a part; -1 when there is no such number, because the values take up all 64 bits and
  /// there are also nulls.
  int part_bits() const;
  /// Adds to `packed` each row's part, shifted left: a number from 0 on in the order of the keys.
  void AddParts(int shift, std::span<uint64_t> packed) const;
  /// Appends the bytes of the key that has this part.
  void AppendBytes(uint64_t part, std::string* out) const;
  /// Parts cannot be asked for any more.
  void DropRows();

 private:
  struct Encoder;
  static constexpr int64_t kMaxBytes = 9;

  uint64_t range() const { return max_ - min_; }
  /// Bytes of a key; `to` has room for kMaxBytes.
  int64_t WriteKey(uint64_t code, KeyClass key_class, uint8_t* to) const;

  Form form_ = Form::kNone;
  bool descending_ = false;
  bool has_classes_ = false;
  PoolArray<uint64_t> codes_;    // in the order of the keys; of rows that are values
  PoolArray<KeyClass> classes_;  // empty when all rows are values
  uint64_t min_ = std::numeric_limits<uint64_t>::max();  // of codes
  uint64_t max_ = 0;
};

}  // namespace headrace::compute
