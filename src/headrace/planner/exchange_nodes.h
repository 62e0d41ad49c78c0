// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "headrace/compute/sort_key.h"
#include "headrace/exec/shuffle/partition_exchange_operator.h"
#include "headrace/planner/exchange_sizes.h"
#include "headrace/planner/physical_node.h"
#include "headrace/planner/planner.h"

namespace headrace::planner {

/// The first half of an exchange: takes as much input at a time as is good, and needs that much
/// memory.
PhysicalNodePtr MakeFirstHalf(std::string name, worker::StepSpecPtr step,
                              const ExchangeSizes& sizes, PhysicalNodePtr input);

/// Of an exchange of one input whose small partitions share a bundle.
exec::PartitionExchangeOptions ExchangeOptions(std::string name, std::string type,
                                               const ExchangeSizes& sizes);
/// The operator between the halves of a partitioned exchange.
PhysicalNodePtr MakeExchange(exec::PartitionExchangeOptions options, PhysicalNodePtr input);

/// The second half: one task per bundle of the exchange.
PhysicalNodePtr MakeSecondHalf(std::string name, worker::StepSpecPtr step,
                               const ExchangeSizes& sizes, PhysicalNodePtr exchange);

/// Ascending.
std::vector<SortColumn> SortKeysOf(const std::vector<std::string>& columns);

}  // namespace headrace::planner
