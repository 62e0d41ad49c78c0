// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace headrace {

/// Settings of an execution, with Ray Data's names and defaults. A Dataset keeps the context it was
/// made with. The Python class headrace.data.DataContext holds all of Ray's fields; these are the
/// ones that the engine acts on.
struct DataContext {
  /// Bytes of a block in memory. Blocks above 1.5 times this are split; 0: never.
  int64_t target_max_block_size = 128 << 20;
  /// Blocks below this are joined where nobody can tell.
  int64_t target_min_block_size = 1 << 20;
  /// Most bytes that one task of a shuffle works on.
  int64_t target_shuffle_max_block_size = 1 << 30;
  /// Partitions of a groupby, a join or a hash repartition whose input has no known size, at most.
  int64_t default_hash_shuffle_parallelism = 200;
  /// Least number of blocks that a large read is cut into.
  int64_t read_op_min_num_blocks = 200;
  /// Bytes of its files that one read task may have in memory at a time.
  int64_t streaming_read_buffer_size = 32 << 20;
  /// A request to a filesystem that is not local is made again when its error has one of these
  /// texts, at most so often, with at most so long a wait between two attempts, and not after the
  /// deadline.
  std::vector<std::string> retried_io_errors = {"AWS Error INTERNAL_FAILURE",
                                                "AWS Error NETWORK_CONNECTION",
                                                "AWS Error SLOW_DOWN",
                                                "AWS Error UNKNOWN (HTTP status 500)",
                                                "AWS Error UNKNOWN (HTTP status 502)",
                                                "AWS Error UNKNOWN (HTTP status 503)",
                                                "AWS Error UNKNOWN (HTTP status 504)",
                                                "AWS Error SERVICE_UNAVAILABLE"};
  int64_t retried_io_max_attempts = 10;
  double retried_io_max_backoff_s = 32;
  double retried_io_deadline_s = 300;
  /// Rows leave in the order in which they came.
  bool preserve_order = false;
  /// Slots and bytes that one execution may use; < 0: all there are.
  double limit_cpu = -1;
  double limit_gpu = -1;
  double limit_object_store_memory = -1;
  double limit_memory = -1;
  /// The run warns when the program itself has taken so many bytes since it began; <= 0: never.
  int64_t warn_on_driver_memory_usage_bytes = int64_t{2} << 30;
  /// Tasks that may fail before the run does; < 0: any number.
  int64_t max_errored_blocks = 0;
  /// Pixels that an image may have at most: a small file can claim to be a picture that fills the
  /// memory. About 179 million, as in Pillow. Readers take it when they are made.
  int64_t max_image_pixels = 178'956'970;
  /// Bytes of a line of text or of a JSON object at most. Readers take it when they are made.
  int64_t max_text_row_bytes = int64_t{1} << 30;
  /// Different keys of the JSON objects of a file at most: each is a column.
  int64_t max_json_keys = 10'000;
  /// Tasks that an actor is sent ahead; 0: twice its max_concurrency.
  int64_t max_tasks_in_flight_per_actor = 0;
  /// Times that a task is tried again after its worker died.
  int64_t max_task_retries = 3;
  /// Bounds of actor pools that have no size of their own; 0: none.
  int64_t actor_min_running = 0;
  int64_t actor_max_running = 0;
  double actor_scale_up_threshold = 0.8;
  double actor_scale_down_threshold = 0.3;
  /// Actors that a pool grows by at a time; 0: as many as its utilization asks for.
  int64_t actor_max_upscaling_delta = 0;
  bool op_resource_reservation_enabled = true;
  double op_resource_reservation_ratio = 0.5;
  /// Python functions run in the driver's process, so that a debugger can stop in them.
  bool inline_udfs = false;
  bool eager_free = true;
  /// Unread blocks at which a task pauses; 0: none pauses.
  int64_t max_blocks_in_streaming_gen_buffer = 2;
  /// Backpressure policies that apply, by name ("ResourceBudget"); empty: all.
  std::vector<std::string> backpressure_policies;
  /// stats() says which operator held how many bytes.
  bool trace_allocations = false;
  double execution_no_progress_timeout_s = 1800;
  bool verbose_stats = false;
  /// Optimizer rules that are left out, by name.
  std::vector<std::string> disabled_rules;
};

}  // namespace headrace
