// SPDX-License-Identifier: Apache-2.0
#include "headrace/worker/step_registry.h"

#include "headrace/worker/steps/group_blocks_step.h"
#include "headrace/worker/steps/group_steps.h"
#include "headrace/worker/steps/join_partition_step.h"
#include "headrace/worker/steps/join_step.h"
#include "headrace/worker/steps/map_steps.h"
#include "headrace/worker/steps/native_steps.h"
#include "headrace/worker/steps/partition_steps.h"
#include "headrace/worker/steps/read_files_step.h"
#include "headrace/worker/steps/read_step.h"
#include "headrace/worker/steps/shuffle_steps.h"
#include "headrace/worker/steps/sort_steps.h"
#include "headrace/worker/steps/write_step.h"
#include "headrace/worker/steps/zip_step.h"

namespace headrace::worker {

Result<StepSpecPtr> DeserializeStep(std::string_view kind, WireReader* in) {
  if (kind == ReadStepSpec::kKind) return ReadStepSpec::Deserialize(in);
  if (kind == ReadFilesStepSpec::kKind) return ReadFilesStepSpec::Deserialize(in);
  if (kind == BatchStepSpec::kKind) return BatchStepSpec::Deserialize(in);
  if (kind == PythonStepSpec::kKind) return PythonStepSpec::Deserialize(in);
  if (kind == FilterStepSpec::kKind) return FilterStepSpec::Deserialize(in);
  if (kind == ProjectStepSpec::kKind) return ProjectStepSpec::Deserialize(in);
  if (kind == LimitStepSpec::kKind) return LimitStepSpec::Deserialize(in);
  if (kind == RepartitionStepSpec::kKind) return RepartitionStepSpec::Deserialize(in);
  if (kind == CountStepSpec::kKind) return CountStepSpec::Deserialize(in);
  if (kind == AggregateStepSpec::kKind) return AggregateStepSpec::Deserialize(in);
  if (kind == SortRunStepSpec::kKind) return SortRunStepSpec::Deserialize(in);
  if (kind == MergeRunsStepSpec::kKind) return MergeRunsStepSpec::Deserialize(in);
  if (kind == ShufflePartitionStepSpec::kKind) return ShufflePartitionStepSpec::Deserialize(in);
  if (kind == ShuffleMergeStepSpec::kKind) return ShuffleMergeStepSpec::Deserialize(in);
  if (kind == HashPartitionStepSpec::kKind) return HashPartitionStepSpec::Deserialize(in);
  if (kind == BoundaryPartitionStepSpec::kKind) return BoundaryPartitionStepSpec::Deserialize(in);
  if (kind == PartialGroupStepSpec::kKind) return PartialGroupStepSpec::Deserialize(in);
  if (kind == FinalGroupStepSpec::kKind) return FinalGroupStepSpec::Deserialize(in);
  if (kind == JoinPartitionStepSpec::kKind) return JoinPartitionStepSpec::Deserialize(in);
  if (kind == JoinStepSpec::kKind) return JoinStepSpec::Deserialize(in);
  if (kind == WriteStepSpec::kKind) return WriteStepSpec::Deserialize(in);
  if (kind == GroupBlocksStepSpec::kKind) return GroupBlocksStepSpec::Deserialize(in);
  if (kind == ZipStepSpec::kKind) return ZipStepSpec::Deserialize(in);
  return Status::KeyError("no step of kind '", kind, "'");
}

}  // namespace headrace::worker
