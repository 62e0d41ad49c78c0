// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "headrace/exec/backpressure/backpressure_policy.h"
#include "headrace/store/object_store.h"

namespace headrace::exec {

/// What a wait graph is made of. Borrowed; scheduling thread.
struct WaitGraphSources {
  const Topology& topology;
  const ResourceManager& resources;
  const BackpressurePolicies& policies;
  const store::MemoryLedger& memory;
  const store::StoreStats store;
  bool output_has_room = true;
};

/// Who waits for which resource, and who holds it, one line each: every operator that has not ended
/// with its tasks, its queue, the bytes that it holds and what keeps it from starting a task; then
/// the slots, the object store, the memory ceiling and the consumer.
std::string DescribeWaits(const WaitGraphSources& sources);

}  // namespace headrace::exec
