// SPDX-License-Identifier: Apache-2.0
#include "headrace/worker/steps/partition_steps.h"

#include <arrow/array/array_primitive.h>
#include <arrow/compute/cast.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "headrace/block/compute_functions.h"
#include "headrace/compute/hash_rows.h"
#include "headrace/worker/steps/partitioning_step.h"
#include "headrace/worker/steps/sort_columns_wire.h"

namespace headrace::worker {
namespace {

class HashPartitionStep final : public PartitioningStep {
 public:
  HashPartitionStep(std::vector<std::string> keys, int num_partitions, int64_t flush_bytes,
                    const StepContext& context)
      : PartitioningStep(num_partitions, flush_bytes, context), keys_(std::move(keys)) {}

 private:
  Status Assign(const Block& block, std::vector<int32_t>* partitions) override {
    return AssignByHash(block, keys_, num_partitions(), &hashes_, partitions);
  }

  const std::vector<std::string> keys_;
  std::vector<uint64_t> hashes_;
};

class BoundaryPartitionStep final : public PartitioningStep {
 public:
  BoundaryPartitionStep(const SortColumn& column, const std::vector<double>& boundaries,
                        int64_t flush_bytes, const StepContext& context)
      : PartitioningStep(static_cast<int>(boundaries.size()) + 1, flush_bytes, context),
        column_(column),
        boundaries_(boundaries) {}

 private:
  Status Assign(const Block& block, std::vector<int32_t>* partitions) override {
    const auto column = block.batch()->GetColumnByName(column_.name);
    if (column == nullptr) {
      return Status::Invalid("sort: there is no column '", column_.name, "', only ",
                             block.schema()->ToString());
    }
    ARROW_RETURN_NOT_OK(RegisterComputeFunctions());
    arrow::compute::ExecContext context(pool());
    ARROW_ASSIGN_OR_RAISE(const auto cast,
                          arrow::compute::Cast(*column, arrow::float64(),
                                               arrow::compute::CastOptions::Unsafe(), &context));
    const auto& values = static_cast<const arrow::DoubleArray&>(*cast);
    const auto last = static_cast<int32_t>(boundaries_.size());
    for (int64_t row = 0; row < values.length(); ++row) {
      const bool comes_last = values.IsNull(row) || std::isnan(values.Value(row));
      const auto not_above = std::upper_bound(boundaries_.begin(), boundaries_.end(),
                                              comes_last ? 0 : values.Value(row)) -
                             boundaries_.begin();
      const auto place = static_cast<int32_t>(not_above);
      partitions->push_back(comes_last ? last : column_.descending ? last - place : place);
    }
    return Status::OK();
  }

  const SortColumn column_;
  const std::vector<double> boundaries_;
};

}  // namespace

Status AssignByHash(const Block& block, const std::vector<std::string>& keys, int num_partitions,
                    std::vector<uint64_t>* scratch, std::vector<int32_t>* partitions) {
  partitions->assign(static_cast<size_t>(block.num_rows()), 0);
  if (keys.empty()) return Status::OK();
  ARROW_RETURN_NOT_OK(compute::HashRows(block, keys, scratch));
  for (size_t row = 0; row < scratch->size(); ++row) {
    (*partitions)[row] = compute::PartitionOf((*scratch)[row], num_partitions);
  }
  return Status::OK();
}

Result<std::unique_ptr<Step>> HashPartitionStepSpec::Make(const StepContext& context) const {
  if (num_partitions_ < 1) {
    return Status::Invalid("rows cannot be split into ", num_partitions_, " partitions");
  }
  return std::make_unique<HashPartitionStep>(keys_, num_partitions_, flush_bytes_, context);
}
Status HashPartitionStepSpec::Serialize(WireWriter* out) const {
  out->Strs(keys_);
  out->I64(num_partitions_);
  out->I64(flush_bytes_);
  return Status::OK();
}
Result<StepSpecPtr> HashPartitionStepSpec::Deserialize(WireReader* in) {
  std::vector<std::string> keys = in->Strs();
  const auto num_partitions = static_cast<int>(in->I64());
  return std::make_shared<HashPartitionStepSpec>(std::move(keys), num_partitions, in->I64());
}

Result<std::unique_ptr<Step>> BoundaryPartitionStepSpec::Make(const StepContext& context) const {
  return std::make_unique<BoundaryPartitionStep>(column_, boundaries_, flush_bytes_, context);
}
Status BoundaryPartitionStepSpec::Serialize(WireWriter* out) const {
  WriteSortColumns({column_}, out);
  out->U64(boundaries_.size());
  for (const double boundary : boundaries_) out->F64(boundary);
  out->I64(flush_bytes_);
  return Status::OK();
}
Result<StepSpecPtr> BoundaryPartitionStepSpec::Deserialize(WireReader* in) {
  std::vector<SortColumn> columns = ReadSortColumns(in);
  if (columns.size() != 1) return Status::SerializationError("boundaries are those of one column");
  std::vector<double> boundaries(in->Count());
  for (double& boundary : boundaries) boundary = in->F64();
  return std::make_shared<BoundaryPartitionStepSpec>(std::move(columns.front()),
                                                     std::move(boundaries), in->I64());
}

}  // namespace headrace::worker
