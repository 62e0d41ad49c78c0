// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/exec/physical_operator.h"

namespace headrace::exec {

/// What passed an operator and how its tasks did. Counted by the executor, not by the operator.
struct OperatorCounters {
  int64_t rows_in = 0;
  int64_t blocks_in = 0;
  int64_t bytes_in = 0;
  int64_t rows_out = 0;
  int64_t rows_consumed = 0;  // written or aggregated by tasks that have ended
  int64_t rows_in_done = 0;   // of rows_in, by tasks that have ended
  int64_t blocks_out = 0;
  int64_t bytes_out = 0;
  int64_t tasks_started = 0;
  int64_t tasks_done = 0;
  int64_t tasks_failed = 0;
  int64_t skipped_inputs = 0;
  int64_t peak_rss_bytes = 0;
  int64_t peak_heap_bytes = 0;  // working memory of one task, beside its input and output
  struct Spread {
    double min = 0, max = 0, sum = 0;
    int64_t count = 0;
    void Add(double value);
  };
  Spread wall_s, cpu_s, udf_s, task_rows, block_rows, block_bytes;
  double first_start_s = -1;  // since the run's start
  double last_end_s = 0;

  /// Time in which a task was ready, slots were free and a policy said no, or tasks were paused.
  struct Blocked {
    std::string policy;
    double seconds = 0;
  };
  double backpressure_s = 0;          // of all policies
  std::vector<Blocked> backpressure;  // by policy
  std::string backpressure_policy;    // that says no now; empty: none does
  std::chrono::steady_clock::time_point backpressure_since;
  /// From `now` on, `policy` says no; empty: none does.
  void NoteBackpressure(std::string_view policy, std::chrono::steady_clock::time_point now);

  /// A block was put out; a task has ended.
  void AddBlock(const task::BlockRef& block);
  void AddTask(const task::TaskStats& stats);

  int64_t held_bytes = 0;       // in the object store because of this operator
  int64_t peak_held_bytes = 0;  // most of them at a time
};

/// The operators of a run in topological order, sources first, and how they are connected.
/// Owned by the executor; scheduling thread only.
class Topology {
 public:
  struct Node {
    std::unique_ptr<PhysicalOperator> op;
    TaskOperator* tasks = nullptr;    // op's role, if it has it
    ActorOperator* actors = nullptr;  // op's role, if it has it
    std::vector<int> inputs;          // indices of nodes
    int output = -1;                  // index of the consumer; -1: the last node
    int output_input = 0;             // which input of the consumer this is
    std::vector<bool> input_done;     // told to op
    bool output_stopped = false;      // OutputNotWanted was told
    OperatorCounters counters;
  };

  /// Adds an operator whose inputs were added before. Returns its index. The last one added is the
  /// output of the run.
  int Add(std::unique_ptr<PhysicalOperator> op, std::vector<int> inputs);
  std::vector<Node>& nodes() { return nodes_; }
  const std::vector<Node>& nodes() const { return nodes_; }
  Node& last() { return nodes_.back(); }
  /// Drops all operators and the block references that they hold.
  void Clear() { nodes_.clear(); }
  /// "InputDataBuffer[Input] -> TaskPoolMapOperator[A->B] -> …"
  std::string ToString() const;
  /// Tree from the output to the sources, as `explain()` prints it.
  std::string ToTreeString() const;

 private:
  std::vector<Node> nodes_;
};

}  // namespace headrace::exec
