// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "headrace/block.h"
#include "headrace/compute/gather.h"

namespace headrace::compute {

/// Where the rows of several blocks are, numbered as if the blocks were joined.
class RowPlaces {
 public:
  explicit RowPlaces(std::span<const Block> blocks) {
    begins_.reserve(blocks.size() + 1);
    begins_.push_back(0);
    for (const Block& block : blocks) begins_.push_back(begins_.back() + block.num_rows());
    // About two steps of the index for each block.
    const auto rows = static_cast<uint64_t>(num_rows());
    shift_ = std::bit_width(rows / (2 * blocks.size() + 1));
    uint32_t block = 0;
    for (uint64_t row = 0; row < rows; row += uint64_t{1} << shift_) {
      while (begins_[block + 1] <= static_cast<int64_t>(row)) ++block;
      first_block_.push_back(block);
    }
  }
  int64_t num_rows() const { return begins_.back(); }
  RowRef Find(int64_t row) const {
    uint32_t block = first_block_[row >> shift_];
    while (begins_[block + 1] <= row) ++block;
    return {block, static_cast<uint32_t>(row - begins_[block])};
  }
  /// Number of the first row of a block; that of the one behind the last is num_rows().
  int64_t begin(size_t block) const { return begins_[block]; }

 private:
  std::vector<int64_t> begins_;
  std::vector<uint32_t> first_block_;  // with a row at or behind each multiple of 2^shift_
  int shift_ = 0;
};

}  // namespace headrace::compute
