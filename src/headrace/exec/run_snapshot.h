// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "headrace/exec/topology.h"

namespace headrace::exec {

/// What an operator looked like at one moment of a run.
struct OperatorSnapshot {
  std::string name;
  std::string type;
  bool done = false;
  bool runs_tasks = false;
  int64_t num_running = 0;
  int64_t queued_blocks = 0;
  int64_t queued_bytes = 0;
  int64_t output_bytes = 0;
  int64_t num_actors = 0;
  std::string actors;  // "2 running, 0 pending, 1 active"; empty: none
  OperatorCounters counters;
};

/// What a run looked like at one moment. Plain values: readers never touch operators.
struct RunSnapshot {
  std::string dataset_id;
  std::string plan;
  double seconds = 0;
  bool done = false;
  Status status;
  int64_t rows_out = 0;
  std::vector<OperatorSnapshot> operators;
};

}  // namespace headrace::exec
