// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "headrace/exec/backpressure/backpressure_policy.h"
#include "headrace/exec/topology.h"
#include "headrace/store/object_store.h"

namespace headrace::exec {

/// What an operator looked like at one moment of a run.
struct OperatorSnapshot {
  std::string name;
  std::string type;
  bool done = false;
  bool runs_tasks = false;
  std::vector<int> inputs;              // their places in RunSnapshot::operators
  bool input_is_rows = true;            // false: it describes reads
  std::optional<int64_t> max_rows_out;  // a bound that is known without running
  int64_t num_running = 0;
  int64_t num_paused = 0;  // of those; they wait for their output to be read
  std::string why_not;     // why no task may start now, with numbers; empty: one may, or none waits
  int64_t queued_blocks = 0;
  int64_t queued_bytes = 0;
  int64_t output_bytes = 0;
  int64_t num_actors = 0;
  std::string actors;  // "2 running, 0 pending, 1 active"; empty: none
  OperatorCounters counters;

  /// Rows that were put out, or, where a task ends with a receipt for its rows (a write, a count),
  /// the rows that it stands for.
  int64_t rows() const {
    return counters.rows_consumed > 0 ? counters.rows_consumed : counters.rows_out;
  }
};

/// What a run looked like at one moment. Plain values: readers never touch operators.
struct RunSnapshot {
  std::string dataset_id;
  std::string plan;
  double seconds = 0;
  bool done = false;
  Status status;
  int64_t rows = 0;  // that reached the consumer, or were written
  /// Tasks that were started or resumed although the limits said no, so that the run goes on.
  int64_t liveness_grants = 0;
  store::StoreStats store;         // of all runs
  int64_t spilled_bytes = 0;       // written to disk by the object store while this ran
  int64_t restored_bytes = 0;      // and read back
  bool trace_allocations = false;  // held bytes are wanted in reports
  std::vector<OperatorSnapshot> operators;
};

/// What `node` looks like now. Scheduling thread.
OperatorSnapshot TakeSnapshot(const Topology::Node& node, const ResourceManager& resources,
                              const BackpressurePolicies& policies);

}  // namespace headrace::exec
