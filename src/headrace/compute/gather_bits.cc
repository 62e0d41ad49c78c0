// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/gather_bits.h"

#include <arrow/buffer.h>
#include <arrow/util/bit_util.h>

#include <algorithm>
#include <bit>
#include <vector>

namespace headrace::compute {
namespace {

struct Bits {
  const uint8_t* data = nullptr;
  uint64_t mask = 0;  // 0: `data` is one byte of ones, whatever the row
  int64_t offset = 0;
};

constexpr uint8_t kOnes = 0xFF;

/// Bits of a buffer of each part; where it has none, ones.
std::vector<Bits> BitsOf(ColumnParts parts, int buffer) {
  std::vector<Bits> bits;
  bits.reserve(parts.size());
  for (const arrow::ArrayData* part : parts) {
    if (part->buffers[buffer] == nullptr) {
      bits.push_back({&kOnes, 0, 0});
    } else {
      bits.push_back({part->buffers[buffer]->data(), ~uint64_t{0}, part->offset});
    }
  }
  return bits;
}

Result<std::shared_ptr<arrow::Buffer>> GatherBits(const std::vector<Bits>& parts,
                                                  std::span<const RowRef> rows,
                                                  arrow::MemoryPool* pool, int64_t* num_set) {
  const auto size = static_cast<int64_t>(rows.size());
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> out,
                        arrow::AllocateBuffer(arrow::bit_util::BytesForBits(size), pool));
  uint8_t* to = out->mutable_data();
  *num_set = 0;
  for (size_t begin = 0; begin < rows.size(); begin += 8) {
    const size_t end = std::min(begin + 8, rows.size());
    unsigned byte = 0;
    for (size_t i = begin; i < end; ++i) {
      const Bits& part = parts[rows[i].block];
      const uint64_t bit = (rows[i].row + static_cast<uint64_t>(part.offset)) & part.mask;
      byte |= ((part.data[bit >> 3] >> (bit & 7)) & 1U) << (i - begin);
    }
    *num_set += std::popcount(byte);
    *to++ = static_cast<uint8_t>(byte);
  }
  return out;
}

}  // namespace

Result<Validity> GatherValidity(ColumnParts parts, std::span<const RowRef> rows,
                                arrow::MemoryPool* pool) {
  Validity validity;
  if (std::all_of(parts.begin(), parts.end(),
                  [](const auto* part) { return part->GetNullCount() == 0; })) {
    return validity;
  }
  int64_t num_valid = 0;
  ARROW_ASSIGN_OR_RAISE(validity.bits, GatherBits(BitsOf(parts, 0), rows, pool, &num_valid));
  validity.null_count = static_cast<int64_t>(rows.size()) - num_valid;
  if (validity.null_count == 0) validity.bits = nullptr;
  return validity;
}

Result<std::shared_ptr<arrow::ArrayData>> GatherBools(ColumnParts parts,
                                                      std::span<const RowRef> rows,
                                                      arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(Validity validity, GatherValidity(parts, rows, pool));
  int64_t num_true = 0;
  ARROW_ASSIGN_OR_RAISE(auto values, GatherBits(BitsOf(parts, 1), rows, pool, &num_true));
  return arrow::ArrayData::Make(parts.front()->type, static_cast<int64_t>(rows.size()),
                                {std::move(validity.bits), std::move(values)}, validity.null_count);
}

}  // namespace headrace::compute
