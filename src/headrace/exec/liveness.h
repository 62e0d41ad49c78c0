// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headrace/exec/topology.h"

namespace headrace::exec {

/// A task to be started, or to be told that its output is read.
struct Decision {
  int node = -1;  // -1: nothing
  bool resume = false;
};

/// The rule that no run stalls by its own limits. When no task goes on by itself and the consumer
/// has room, the operator closest to the output that can do anything does one thing, whatever
/// budgets and slots say: it starts a task or resumes a paused one. Only operators whose output can
/// get through to the consumer now: what waits for its turn in a union would pile up.
Decision PickForLiveness(const Topology& topology);

}  // namespace headrace::exec
