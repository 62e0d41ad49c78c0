// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "headrace/exec/physical_operator.h"
#include "headrace/plan/logical_operator.h"
#include "headrace/task/ref_bundle.h"
#include "headrace/worker/step.h"

namespace headrace::planner {

struct PhysicalNode;
using PhysicalNodePtr = std::unique_ptr<PhysicalNode>;

/// A node of the physical plan before it becomes an operator: what fusion works on.
struct PhysicalNode {
  enum class Kind { kInput, kMap, kOperator };
  Kind kind = Kind::kInput;
  std::string name;
  std::vector<PhysicalNodePtr> inputs;

  // kInput
  std::vector<task::RefBundle> bundles;

  // kMap
  std::vector<worker::StepSpecPtr> steps;
  plan::ComputeStrategy compute;
  plan::Resources resources;
  std::optional<int64_t> target_max_block_size;
  /// Rows that a task's input should have, so that batches are full; 0: any.
  int64_t min_rows = 0;
  /// Bytes that a task's input should have: what it makes of them is the better the more there are.
  int64_t min_bytes = 0;
  /// The input of a task is exactly one bundle: bundles must not be put together.
  bool one_bundle_per_task = false;
  /// Its input blocks describe reads, so rows of input say nothing.
  bool reads = false;
  /// Rows that each read task is known to give; -1: unknown.
  int64_t rows_per_read_task = -1;
  /// The user gave the number of its blocks: small ones must not be joined.
  bool keep_small_blocks = false;
  /// Its rows name the files that the next operator reads: it runs little ahead of it, beside the
  /// slots of the run, and an error of it is not a lost block.
  bool lists_files = false;
  /// The number of rows out may differ from that in.
  bool may_change_row_count = false;
  /// Its first function asked for batches of this many rows; 0: none did.
  int64_t batch_size = 0;
  bool is_map_batches = false;  // ends in a map_batches function
  int64_t expected_output_bytes = -1;
  int64_t reader_heap_bytes = -1;  // working memory that its reader declares; -1: unknown
  int64_t step_heap_bytes = 0;     // that its other steps declare, beside a block in and one out

  // kOperator: one that runs no tasks, made already
  std::unique_ptr<exec::PhysicalOperator> op;
  bool cuts_rows_anew = false;  // nobody can tell where a block of its input ended
};

/// "TaskPoolMapOperator", "ActorPoolMapOperator", "LimitOperator", …
std::string_view OperatorType(const PhysicalNode& node);
/// Tree from the output to the sources, one `Class[Name]` per line.
std::string ToTreeString(const PhysicalNode& root);

}  // namespace headrace::planner
