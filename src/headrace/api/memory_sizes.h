// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

namespace headrace::api {

/// How a memory ceiling is divided; bytes.
struct MemorySizes {
  /// Of all that the engine adds to the interpreters: blocks, working memory of tasks, growth of
  /// workers, what pools keep.
  int64_t ceiling = 0;
  int64_t object_store = 0;
  /// What the driver's pools keep for reuse, each.
  int64_t idle_segments = 0;
  int64_t idle_buffers = 0;
  /// The same of a worker.
  int64_t worker_idle = 0;
  /// malloc of a worker keeps freed pieces below this size for the next ones.
  int64_t worker_malloc_keep = 0;
  /// Blocks are made no larger, whatever target_max_block_size says: in each slot a task may hold
  /// an input, a copy of it and an output at a time, and as much again waits between operators.
  int64_t max_block = 0;
};

/// Share of the memory that this process may use, when the user names no ceiling.
inline constexpr double kDefaultCeilingShare = 0.8;
/// Least ceiling that leaves room for one task of the smallest blocks in each of a few slots.
inline constexpr int64_t kMinCeiling = 64 << 20;

/// `object_store`: the user's own size of the store; nullopt: 30 % of the ceiling, Ray's default.
MemorySizes DivideMemory(int64_t ceiling, std::optional<int64_t> object_store, int num_slots);

}  // namespace headrace::api
