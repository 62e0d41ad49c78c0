// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "headrace/planner/planner.h"

namespace headrace::planner {

/// How an exchange is cut. Everything follows from the block size, which follows from the ceiling:
/// a task may hold a few blocks at a time.
struct ExchangeSizes {
  /// Below this a task of its own costs more than it gains.
  static constexpr int64_t kMinPartitionBytes = 1 << 20;
  /// Partitions for an input whose size nobody knows, unless the user named a number.
  static constexpr int64_t kPartitionsOfUnknown = 64;
  /// Tasks per slot, so that all slots end at about the same time.
  static constexpr int64_t kTasksPerSlot = 4;

  /// What the first half works on at a time, if pieces of a run do not get smaller than kPieceBytes
  /// by it. Memory of runs that end is there for the next ones: with 256 MiB, sorting 1 GB touched
  /// twice as many fresh pages.
  static constexpr int64_t kRunBytes = 32 << 20;
  static constexpr int64_t kPieceBytes = 1 << 20;

  int64_t run_bytes = 0;        // that the first half works on at a time
  int64_t partition_bytes = 0;  // that a task of the second half should have
  int64_t num_partitions = 1;
  int64_t num_tasks = 1;     // of the second half, to keep all slots busy
  int64_t bundle_bytes = 0;  // that a task of the first half should have

  /// Partitions whose tables of groups stay in the cache, if there is enough for so many.
  static constexpr int64_t kCachedPartitionBytes = 4 << 20;
  static constexpr int64_t kMaxCachedPartitions = 64;

  /// `bytes`: of the input, if known; `wanted`: the user's number of partitions, 0 if none. There
  /// are more when tasks of so few would not fit in memory.
  static ExchangeSizes For(const PlanContext& context, std::optional<int64_t> bytes,
                           int64_t wanted = 0) {
    ExchangeSizes sizes;
    int64_t block = context.data.target_max_block_size;
    if (block <= 0) block = DataContext().target_max_block_size;
    sizes.partition_bytes = std::min(block, context.data.target_shuffle_max_block_size);
    const int64_t tasks = kTasksPerSlot * std::max(1, context.num_cpus);
    sizes.num_tasks = tasks;
    if (wanted > 0) {
      sizes.num_partitions = std::max(wanted, bytes.value_or(0) / sizes.partition_bytes + 1);
    } else if (!bytes) {
      sizes.num_partitions =
          std::min(context.data.default_hash_shuffle_parallelism, kPartitionsOfUnknown);
    } else {
      sizes.num_partitions = std::max(*bytes / sizes.partition_bytes + 1,
                                      std::min(tasks, *bytes / kMinPartitionBytes + 1));
    }
    sizes.run_bytes = std::min({2 * block, context.data.target_shuffle_max_block_size,
                                std::max(kRunBytes, sizes.num_partitions * kPieceBytes)});
    sizes.bundle_bytes =
        std::clamp(bytes.value_or(sizes.run_bytes) / tasks, kMinPartitionBytes, sizes.run_bytes);
    return sizes;
  }
};

}  // namespace headrace::planner
