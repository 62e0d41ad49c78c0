// SPDX-License-Identifier: Apache-2.0
#include "headrace/worker/steps/group_blocks_step.h"

#include "headrace/compute/gather.h"
#include "headrace/compute/sort_key.h"
#include "headrace/compute/sort_rows.h"
#include "headrace/task/exchange.h"
#include "headrace/worker/steps/sort_columns_wire.h"

namespace headrace::worker {
namespace {

using Give = GroupBlocksStepSpec::Give;

class GroupBlocksStep final : public Step {
 public:
  GroupBlocksStep(std::vector<SortColumn> keys, Give give, arrow::MemoryPool* pool)
      : keys_(std::move(keys)), give_(give), pool_(pool) {}
  Status Begin(const TaskInfo&) override {
    blocks_.clear();
    return Status::OK();
  }
  Status Process(Block block, BlockSink&) override {
    blocks_.push_back(task::WithoutTag(block));
    return Status::OK();
  }
  Status Finish(BlockSink& out) override {
    ARROW_ASSIGN_OR_RAISE(Block all, ConcatBlocks(blocks_, pool_));
    blocks_.clear();
    if (give_ == Give::kAsTheyAre || keys_.empty() || all.num_rows() == 0) {
      return out.Put(std::move(all));
    }
    ARROW_ASSIGN_OR_RAISE(const auto order, compute::SortRows({all}, keys_, -1, pool_));
    ARROW_ASSIGN_OR_RAISE(all, compute::GatherRows({all}, order, pool_));
    return give_ == Give::kSorted ? out.Put(std::move(all)) : PutGroups(all, out);
  }
  bool sizes_blocks() const override { return true; }

 private:
  Status PutGroups(const Block& sorted, BlockSink& out) {
    ARROW_ASSIGN_OR_RAISE(const auto keys, compute::SortKeys::Make(sorted, keys_, pool_));
    int64_t begin = 0;
    for (int64_t row = 1; row <= sorted.num_rows() && !out.full(); ++row) {
      if (row < sorted.num_rows() && keys.Compare(row, begin) == 0) continue;
      ARROW_RETURN_NOT_OK(out.Put(sorted.Slice(begin, row - begin)));
      begin = row;
    }
    return Status::OK();
  }

  const std::vector<SortColumn> keys_;
  const Give give_;
  arrow::MemoryPool* const pool_;
  std::vector<Block> blocks_;
};

}  // namespace

Result<std::unique_ptr<Step>> GroupBlocksStepSpec::Make(const StepContext& context) const {
  return std::make_unique<GroupBlocksStep>(keys_, give_, context.pool);
}

Status GroupBlocksStepSpec::Serialize(WireWriter* out) const {
  out->Str(name_);
  WriteSortColumns(keys_, out);
  out->U64(static_cast<uint64_t>(give_));
  return Status::OK();
}

Result<StepSpecPtr> GroupBlocksStepSpec::Deserialize(WireReader* in) {
  std::string name = in->Str();
  std::vector<SortColumn> keys = ReadSortColumns(in);
  return std::make_shared<GroupBlocksStepSpec>(std::move(name), std::move(keys),
                                               static_cast<Give>(in->U64()));
}

}  // namespace headrace::worker
