// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "headrace/data_context.h"
#include "headrace/exec/topology.h"
#include "headrace/planner/physical_node.h"
#include "headrace/store/memory_ledger.h"
#include "headrace/store/object_store.h"

namespace headrace::planner {

/// What planning needs to know.
struct PlanContext {
  DataContext data;
  int num_cpus = 1;
  std::shared_ptr<store::ObjectStore> store;
  store::MemoryLedger* memory = nullptr;  // of the engine; tasks in this process ask it
  std::string write_id;                   // of the run
  std::string working_directory;          // of the program when the run begins
  /// ReadParallelism::max_tasks_per_cpu of the reads below.
  int max_read_tasks_per_cpu = ReadParallelism().max_tasks_per_cpu;
  /// ReadParallelism::batch_rows of a read right below.
  int64_t batch_rows = 0;
  /// Plan for showing only: sources are not asked for their tasks.
  bool dry_run = false;
};

/// Lowers an optimized logical plan: one function per operator, in plan_<op>.cc.
Result<PhysicalNodePtr> Lower(const plan::LogicalOperatorPtr& node, const PlanContext& context);

/// Joins adjacent one-to-one nodes into one chain, where that changes nothing but the cost.
PhysicalNodePtr FuseOperators(PhysicalNodePtr root);

/// The operators of a run.
Result<exec::Topology> BuildTopology(PhysicalNodePtr root, const PlanContext& context);

// One per logical operator; `input` is the lowered input.
Result<PhysicalNodePtr> PlanRead(const plan::LogicalOperatorPtr& node, const PlanContext& context);
Result<PhysicalNodePtr> PlanInputData(const plan::LogicalOperatorPtr& node,
                                      const PlanContext& context);
Result<PhysicalNodePtr> PlanMap(const plan::LogicalOperatorPtr& node, PhysicalNodePtr input,
                                const PlanContext& context);
Result<PhysicalNodePtr> PlanFilterExpr(const plan::LogicalOperatorPtr& node, PhysicalNodePtr input);
Result<PhysicalNodePtr> PlanProject(const plan::LogicalOperatorPtr& node, PhysicalNodePtr input);
Result<PhysicalNodePtr> PlanRepartition(const plan::LogicalOperatorPtr& node,
                                        PhysicalNodePtr input);
Result<PhysicalNodePtr> PlanStreamingRepartition(const plan::LogicalOperatorPtr& node,
                                                 PhysicalNodePtr input);
/// The states of an aggregation of all rows where the source knows them without reading (Parquet:
/// least, largest and number of values); nullptr elsewhere.
Result<PhysicalNodePtr> PlanKnownAggregate(const plan::LogicalOperatorPtr& node,
                                           const PlanContext& context);
Result<PhysicalNodePtr> PlanAggregate(const plan::LogicalOperatorPtr& node, PhysicalNodePtr input);
Result<PhysicalNodePtr> PlanSort(const plan::LogicalOperatorPtr& node, PhysicalNodePtr input,
                                 const PlanContext& context);
Result<PhysicalNodePtr> PlanRandomShuffle(const plan::LogicalOperatorPtr& node,
                                          PhysicalNodePtr input, const PlanContext& context);
Result<PhysicalNodePtr> PlanHashRepartition(const plan::LogicalOperatorPtr& node,
                                            PhysicalNodePtr input, const PlanContext& context);
Result<PhysicalNodePtr> PlanGroup(const plan::LogicalOperatorPtr& node, PhysicalNodePtr input,
                                  const PlanContext& context);
Result<PhysicalNodePtr> PlanJoin(const plan::LogicalOperatorPtr& node,
                                 std::vector<PhysicalNodePtr> inputs, const PlanContext& context);
Result<PhysicalNodePtr> PlanZip(std::vector<PhysicalNodePtr> inputs);
Result<PhysicalNodePtr> PlanWrite(const plan::LogicalOperatorPtr& node, PhysicalNodePtr input);

/// Bytes that `node` is expected to give, if anybody knows; not asked on a dry run.
Result<std::optional<int64_t>> EstimateInput(const plan::LogicalOperatorPtr& node,
                                             const PlanContext& context);
/// A node of an operator that runs no tasks.
PhysicalNodePtr MakeOperatorNode(std::unique_ptr<exec::PhysicalOperator> op,
                                 std::vector<PhysicalNodePtr> inputs);
PhysicalNodePtr MakeOperatorNode(std::unique_ptr<exec::PhysicalOperator> op, PhysicalNodePtr input);
/// A map node over `input` with one step.
PhysicalNodePtr MakeMapNode(std::string name, worker::StepSpecPtr step, PhysicalNodePtr input);
/// Takes over what the user said about an operator.
void ApplyMapOptions(const plan::MapOptions& options, PhysicalNode* node);

}  // namespace headrace::planner
