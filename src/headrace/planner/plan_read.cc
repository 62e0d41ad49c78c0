// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>
#include <span>

#include "headrace/datasource/files_source.h"
#include "headrace/datasource/listing_datasource.h"
#include "headrace/plan/operators.h"
#include "headrace/planner/planner.h"
#include "headrace/planner/stored_refs.h"
#include "headrace/worker/steps/read_files_step.h"
#include "headrace/worker/steps/read_step.h"

namespace headrace::planner {

namespace {

/// Descriptions of read tasks share blocks: there may be a million, and an object costs a kilobyte.
constexpr size_t kTasksPerBlock = 256;

/// Of files in one task, where what is read of them is next to nothing.
constexpr double kMostListedBytes = 1e15;

/// One bundle of one row for each of `tasks`.
Result<std::vector<task::RefBundle>> Describe(std::span<const ReadTask> tasks,
                                              store::ObjectStore& store) {
  std::vector<task::RefBundle> bundles;
  bundles.reserve(tasks.size());
  while (!tasks.empty()) {
    const auto some = tasks.first(std::min(tasks.size(), kTasksPerBlock));
    tasks = tasks.subspan(some.size());
    ARROW_ASSIGN_OR_RAISE(Block block, worker::MakeReadTaskBlock(some));
    const task::RefBundle all(task::PutBlock(store, std::move(block)));
    for (int64_t row = 0; row < all.num_rows(); ++row) bundles.push_back(all.Slice(row, 1));
  }
  return bundles;
}

PhysicalNodePtr MakeInputNode() {
  auto input = std::make_unique<PhysicalNode>();
  input->kind = PhysicalNode::Kind::kInput;
  input->name = "Input";
  return input;
}

/// A map node over `input` with `step`, which reads.
PhysicalNodePtr MakeReadNode(const plan::Read& read, worker::StepSpecPtr step,
                             PhysicalNodePtr input) {
  PhysicalNodePtr out = MakeMapNode(read.name(), std::move(step), std::move(input));
  ApplyMapOptions(read.options(), out.get());
  out->reads = true;
  out->may_change_row_count = true;
  return out;
}

int64_t TargetBytes(const plan::Read& read, const PlanContext& context) {
  return read.options().target_max_block_size.value_or(context.data.target_max_block_size);
}

/// What one of `tasks` takes, and all of them give: for the scheduler.
struct ReadSizes {
  int64_t heap_bytes = -1;
  int64_t output_bytes = 0;
};

ReadSizes SizesOf(std::span<const ReadTask> tasks) {
  ReadSizes sizes;
  for (const ReadTask& task : tasks) {
    sizes.output_bytes += std::max<int64_t>(0, task.size_bytes);
    sizes.heap_bytes = std::max(sizes.heap_bytes, task.heap_bytes);
  }
  return sizes;
}

/// What is known of the files of a listing before they are listed: that they are like `sample`.
struct FileEstimate {
  ReadSizes sample;
  int64_t bytes_per_file = 0;  // in memory; 0: unknown
  datasource::ListingCuts cuts;
};

Result<FileEstimate> EstimateFiles(const plan::Read& read, const datasource::FileReadOptions& files,
                                   const PlanContext& context) {
  FileEstimate estimate;
  estimate.cuts.num_slots = std::max(1, context.num_cpus);
  if (context.dry_run) return estimate;
  const int64_t target_bytes = TargetBytes(read, context);
  const auto parallelism = worker::ReadFilesStepSpec::ParallelismOf(
      target_bytes, context.data.target_min_block_size, context.data.streaming_read_buffer_size);
  ARROW_ASSIGN_OR_RAISE(const auto tasks, read.source()->PlanReadTasks(parallelism));
  estimate.sample = SizesOf(tasks);
  const int64_t in_memory = estimate.sample.output_bytes;
  if (in_memory <= 0) return estimate;
  estimate.bytes_per_file = in_memory / static_cast<int64_t>(files.paths.size());
  if (target_bytes <= 0) return estimate;
  const int64_t on_disk = std::accumulate(files.sizes.begin(), files.sizes.end(), int64_t{0});
  const double of_block = static_cast<double>(target_bytes) * static_cast<double>(on_disk) /
                          static_cast<double>(in_memory);
  estimate.cuts.max_bytes = static_cast<int64_t>(std::clamp(of_block, 1.0, kMostListedBytes));
  return estimate;
}

/// ListFiles -> ReadFiles.
Result<PhysicalNodePtr> PlanReadFiles(const plan::Read& read,
                                      const datasource::FileReadOptions& files,
                                      const PlanContext& context) {
  ARROW_ASSIGN_OR_RAISE(const FileEstimate estimate, EstimateFiles(read, files, context));
  ARROW_ASSIGN_OR_RAISE(DatasourcePtr listing, datasource::MakeListingDatasource(
                                                   files.listing, files.access, estimate.cuts));
  ARROW_ASSIGN_OR_RAISE(const auto tasks, listing->PlanReadTasks({}));
  PhysicalNodePtr input = MakeInputNode();
  if (!context.dry_run) {
    ARROW_ASSIGN_OR_RAISE(input->bundles, Describe(tasks, *context.store));
  }
  PhysicalNodePtr list = MakeMapNode(
      listing->name(), std::make_shared<worker::ReadStepSpec>(listing, -1), std::move(input));
  list->reads = true;
  list->lists_files = true;
  list->reader_heap_bytes = SizesOf(tasks).heap_bytes;

  const int64_t heap_bytes = estimate.sample.heap_bytes;
  PhysicalNodePtr out = MakeReadNode(
      read,
      std::make_shared<worker::ReadFilesStepSpec>(read.source(), read.limit_rows(), heap_bytes),
      std::move(list));
  out->one_bundle_per_task = true;  // the lister has cut them
  out->reader_heap_bytes = heap_bytes;
  if (estimate.bytes_per_file > 0) {
    out->expected_output_bytes = estimate.bytes_per_file * estimate.cuts.max_files;
    const int64_t target_bytes = TargetBytes(read, context);
    if (target_bytes > 0) {
      out->expected_output_bytes = std::min(out->expected_output_bytes, target_bytes);
    }
  }
  return out;
}

}  // namespace

Result<PhysicalNodePtr> PlanRead(const plan::LogicalOperatorPtr& node, const PlanContext& context) {
  const auto& read = *plan::As<plan::Read>(node);
  if (const auto* files = datasource::AsListedSource(*read.source())) {
    return PlanReadFiles(read, files->files(), context);
  }
  PhysicalNodePtr input = MakeInputNode();
  int64_t min_rows = -1;
  ReadSizes sizes;
  if (!context.dry_run) {
    ReadParallelism parallelism;
    parallelism.target_max_block_size = TargetBytes(read, context);
    parallelism.target_min_block_size = context.data.target_min_block_size;
    // Ray's default serves a cluster: on one machine many tiny tasks only cost. A number that the
    // user has set is a wish.
    const int64_t min_num_blocks = context.data.read_op_min_num_blocks;
    if (min_num_blocks != DataContext().read_op_min_num_blocks) {
      parallelism.min_num_blocks = min_num_blocks;
    }
    parallelism.override_num_blocks = read.override_num_blocks();
    parallelism.num_cpus = context.num_cpus;
    parallelism.max_tasks_per_cpu = context.max_read_tasks_per_cpu;
    parallelism.batch_rows = context.batch_rows;
    parallelism.buffer_bytes = context.data.streaming_read_buffer_size;
    ARROW_ASSIGN_OR_RAISE(const auto tasks, read.source()->PlanReadTasks(parallelism));
    ARROW_ASSIGN_OR_RAISE(input->bundles, Describe(tasks, *context.store));
    if (!tasks.empty()) min_rows = tasks.front().num_rows;
    for (const ReadTask& task : tasks) min_rows = std::min(min_rows, task.num_rows);
    sizes = SizesOf(tasks);
  }
  const auto num_tasks = static_cast<int64_t>(input->bundles.size());
  PhysicalNodePtr out =
      MakeReadNode(read, std::make_shared<worker::ReadStepSpec>(read.source(), read.limit_rows()),
                   std::move(input));
  out->rows_per_read_task = min_rows;
  out->keep_small_blocks = read.override_num_blocks().has_value();
  out->reader_heap_bytes = sizes.heap_bytes;
  if (num_tasks > 0 && sizes.output_bytes > 0) {
    out->expected_output_bytes = sizes.output_bytes / num_tasks;
  }
  return out;
}

Result<PhysicalNodePtr> PlanInputData(const plan::LogicalOperatorPtr& node,
                                      const PlanContext& context) {
  const auto& data = *plan::As<plan::InputData>(node);
  auto out = std::make_unique<PhysicalNode>();
  out->kind = PhysicalNode::Kind::kInput;
  out->name = data.name();
  if (context.dry_run) return out;
  if (data.stored() != nullptr) {
    for (const task::BlockRef& ref : dynamic_cast<const StoredRefs&>(*data.stored()).refs()) {
      out->bundles.emplace_back(ref);
    }
  }
  for (const Block& block : data.blocks()) {
    task::BlockRef ref = task::PutBlock(*context.store, block);
    // The plan holds the bytes as well: writing them to disk would free nothing.
    ARROW_ASSIGN_OR_RAISE(auto pinned, ref.object->Pin());
    if (pinned.pin != nullptr) {
      ref.object = store::KeepPinned(std::move(ref.object), std::move(pinned.pin));
    }
    out->bundles.emplace_back(std::move(ref));
  }
  return out;
}

}  // namespace headrace::planner
