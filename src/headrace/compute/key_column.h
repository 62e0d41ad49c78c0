// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/array/array_base.h>

#include <cstdint>
#include <memory>
#include <span>

#include "headrace/compute/pool_array.h"
#include "headrace/compute/sort_key.h"

namespace headrace::compute {

class FixedKeyColumn;

/// One sort column of many rows, as bytes in the form of SortKeys::Bytes: a first byte says value,
/// NaN or null, then follows the value, all bits turned over where the order is descending.
class KeyColumn {
 public:
  virtual ~KeyColumn() = default;
  /// Adds the bytes of row i to lengths[i].
  virtual void AddLengths(std::span<int64_t> lengths) const = 0;
  /// Writes the bytes of row i to out + places[i] and moves places[i] behind them.
  virtual void Write(uint8_t* out, std::span<int64_t> places) const = 0;
  /// Itself when all its values fit in 64 bits.
  virtual FixedKeyColumn* fixed() { return nullptr; }
};

/// The column `key` in chunks. Fails with TypeError where its type has no order.
Result<std::unique_ptr<KeyColumn>> MakeKeyColumn(const arrow::ArrayVector& chunks,
                                                 const SortColumn& key, arrow::MemoryPool* pool);

}  // namespace headrace::compute
