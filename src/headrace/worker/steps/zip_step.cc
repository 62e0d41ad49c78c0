// SPDX-License-Identifier: Apache-2.0
#include "headrace/worker/steps/zip_step.h"

#include <unordered_set>
#include <utility>
#include <vector>

#include "headrace/task/exchange.h"

namespace headrace::worker {
namespace {

class ZipStep final : public Step {
 public:
  explicit ZipStep(arrow::MemoryPool* pool) : pool_(pool) {}
  Status Begin(const TaskInfo& task) override {
    ARROW_ASSIGN_OR_RAISE(num_blocks_, task::DeserializeBlockCounts(task.argument));
    blocks_.clear();
    return Status::OK();
  }
  Status Process(Block block, BlockSink&) override {
    blocks_.push_back(std::move(block));
    return Status::OK();
  }
  Status Finish(BlockSink& out) override {
    arrow::FieldVector fields;
    std::vector<std::shared_ptr<arrow::ArrayData>> columns;
    std::unordered_set<std::string> names;
    int64_t num_rows = 0;
    auto next = blocks_.begin();
    for (const int64_t count : num_blocks_) {
      if (blocks_.end() - next < count) return Status::Invalid("zip: blocks are missing");
      ARROW_ASSIGN_OR_RAISE(const Block side, ConcatBlocks({next, next + count}, pool_));
      next += count;
      num_rows = side.num_rows();
      for (int i = 0; i < side.num_columns(); ++i) {
        const auto& field = side.schema()->field(i);
        fields.push_back(field->WithName(Unused(field->name(), &names)));
        columns.push_back(side.batch()->column_data(i));
      }
    }
    blocks_.clear();
    return out.Put(Block(
        arrow::RecordBatch::Make(arrow::schema(std::move(fields)), num_rows, std::move(columns))));
  }

 private:
  static std::string Unused(const std::string& name, std::unordered_set<std::string>* names) {
    std::string unused = name;
    for (int i = 1; !names->insert(unused).second; ++i) unused = name + '_' + std::to_string(i);
    return unused;
  }

  arrow::MemoryPool* const pool_;
  std::vector<int64_t> num_blocks_;
  std::vector<Block> blocks_;
};

}  // namespace

Result<std::unique_ptr<Step>> ZipStepSpec::Make(const StepContext& context) const {
  return std::make_unique<ZipStep>(context.pool);
}
Status ZipStepSpec::Serialize(WireWriter*) const { return Status::OK(); }
Result<StepSpecPtr> ZipStepSpec::Deserialize(WireReader*) {
  return std::make_shared<ZipStepSpec>();
}

}  // namespace headrace::worker
