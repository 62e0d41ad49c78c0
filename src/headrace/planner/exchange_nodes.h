// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "headrace/compute/sort_key.h"
#include "headrace/planner/exchange_sizes.h"
#include "headrace/planner/physical_node.h"
#include "headrace/planner/planner.h"

namespace headrace::planner {

/// The first half of an exchange: takes as much input at a time as is good, and needs that much
/// memory.
PhysicalNodePtr MakeFirstHalf(std::string name, worker::StepSpecPtr step,
                              const ExchangeSizes& sizes, PhysicalNodePtr input);

/// The operator between the halves of a partitioned exchange. `keeps_all`: each partition is a
/// bundle, empty or not; else small ones share one.
PhysicalNodePtr MakePartitionExchange(std::string name, std::string type, int64_t num_partitions,
                                      bool keeps_all, std::vector<PhysicalNodePtr> inputs);

/// The second half: one task per bundle of the exchange.
PhysicalNodePtr MakeSecondHalf(std::string name, worker::StepSpecPtr step,
                               const ExchangeSizes& sizes, PhysicalNodePtr exchange);

/// A list of one.
std::vector<PhysicalNodePtr> Only(PhysicalNodePtr node);

/// Ascending.
std::vector<compute::SortKey> SortKeysOf(const std::vector<std::string>& columns);

}  // namespace headrace::planner
