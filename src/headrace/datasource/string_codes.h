// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/array/array_binary.h>

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/base/status.h"

namespace headrace::datasource {

/// Numbers the different strings of a column in the order in which they appear, up to kMaxValues. A
/// lookup of a string of up to 16 bytes compares words, not bytes. One thread.
class StringCodes {
 public:
  static constexpr int32_t kMaxValues = 256;

  StringCodes();

  /// The numbers of all rows, 0 for null. False when there are too many different strings; `out` is
  /// then of no use.
  [[nodiscard]] bool Encode(const arrow::BinaryArray& strings, int32_t* out);

  int32_t size() const { return static_cast<int32_t>(values_.size()); }
  /// All strings, by number. `type`: string or binary.
  Result<std::shared_ptr<arrow::Array>> Values(const std::shared_ptr<arrow::DataType>& type,
                                               arrow::MemoryPool* pool) const;

 private:
  /// Equal keys are equal strings, as far as those have no more than 16 bytes.
  struct Key {
    uint64_t first = 0;  // eight bytes, or all there are
    uint64_t last = 0;   // eight bytes, when there are as many
    uint32_t size = 0;
    bool operator==(const Key&) const = default;
  };
  struct Slot {
    Key key;
    int32_t code = -1;
  };
  static size_t Hash(const Key& key);
  /// The slot of a string, or the free one where it belongs.
  Slot* Find(const Key& key, const char* data);
  int32_t Add(const Key& key, std::string_view value);

  std::vector<Slot> slots_;  // a power of two, at most half of them taken
  std::deque<std::string> values_;
};

}  // namespace headrace::datasource
