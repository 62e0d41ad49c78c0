// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "headrace/block.h"

namespace headrace {

/// How Dataset::Iterate cuts rows into batches. Names and defaults of Python's iter_batches.
struct IterateOptions {
  std::optional<int64_t> batch_size = 256;  // rows; nullopt: a batch per block
  bool drop_last = false;                   // leave out a last batch that is shorter
  int64_t prefetch_batches = 1;             // made ahead by a thread of their own; 0: none
  /// Rows of a buffer from which batches are drawn at random; needs batch_size.
  std::optional<int64_t> local_shuffle_buffer_size;
  std::optional<uint64_t> local_shuffle_seed;  // makes the draw repeatable
};

/// One pass over the rows of a dataset, which runs while batches are taken. Owned by the consumer,
/// one thread at a time. Destroyed before the end, it stops the run. Move-only.
class DataIterator {
 public:
  DataIterator(DataIterator&& other) noexcept;
  DataIterator& operator=(DataIterator&& other) noexcept;
  ~DataIterator();

  /// The next batch, or nullopt at the end. The end, or an error, is the answer to every further
  /// call.
  arrow::Result<std::optional<Block>> Next();

 private:
  friend class Dataset;
  struct State;
  explicit DataIterator(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace headrace
