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

  /// What the first half works on at a time, unless its pieces got too small by it: memory of the
  /// run before is there for the next one. (Sorting 1 GB touched 3.6 GB of fresh memory in runs of
  /// 256 MiB, 2.0 GB in these.)
  static constexpr int64_t kRunBytes = 32 << 20;
  static constexpr int64_t kRunPieceBytes = 1 << 20;
  /// Nothing is gained by longer runs where rows go to partitions of their hash. (Peak of 10 M rows
  /// in 1 M groups: 486 MB in runs of 64 MiB, 425 MB in these.)
  static constexpr int64_t kHashRunBytes = 16 << 20;
  static constexpr int64_t kHashPieceBytes = 256 << 10;

  int64_t run_bytes = 0;        // that the first half works on at a time
  int64_t hash_run_bytes = 0;   // the same, if it partitions by hash
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
    const int64_t most = std::min(2 * block, context.data.target_shuffle_max_block_size);
    sizes.run_bytes = std::min(most, std::max(kRunBytes, sizes.num_partitions * kRunPieceBytes));
    sizes.hash_run_bytes =
        std::min(most, std::max(kHashRunBytes, sizes.num_partitions * kHashPieceBytes));
    sizes.bundle_bytes = std::clamp(bytes.value_or(most) / tasks, kMinPartitionBytes, most);
    return sizes;
  }
};

}  // namespace headrace::planner
