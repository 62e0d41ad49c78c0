// SPDX-License-Identifier: Apache-2.0
#include "headrace/worker/steps/write_step.h"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>

#include "headrace/datasource/registry.h"

namespace headrace::worker {
namespace {

class WriteStep final : public Step {
 public:
  WriteStep(DatasinkPtr sink, arrow::MemoryPool* pool) : sink_(std::move(sink)), pool_(pool) {}

  Status Begin(const TaskInfo& task) override {
    info_.task_index = task.task_index;
    info_.write_id = task.write_id;
    info_.target_max_block_size = task.target_max_block_size;
    info_.pool = pool_;
    writer_.reset();
    num_rows_ = 0;
    return Status::OK();
  }

  Status Process(Block block, BlockSink&) override {
    if (block.num_rows() == 0) return Status::OK();
    if (writer_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(writer_, sink_->OpenWriter(info_));
    }
    num_rows_ += block.num_rows();
    return writer_->Write(block);
  }

  Status Finish(BlockSink& out) override {
    if (writer_ == nullptr) return Status::OK();  // no rows, no file
    ARROW_ASSIGN_OR_RAISE(const std::string commit, writer_->Finish());
    writer_.reset();
    arrow::BinaryBuilder commits(pool_);
    arrow::Int64Builder rows(pool_);
    ARROW_RETURN_NOT_OK(commits.Append(commit));
    ARROW_RETURN_NOT_OK(rows.Append(num_rows_));
    arrow::ArrayVector columns(2);
    ARROW_RETURN_NOT_OK(commits.Finish(&columns[0]));
    ARROW_RETURN_NOT_OK(rows.Finish(&columns[1]));
    static const auto schema = arrow::schema(
        {arrow::field("commit", arrow::binary()), arrow::field("num_rows", arrow::int64())});
    return out.Put(Block(arrow::RecordBatch::Make(schema, 1, std::move(columns))));
  }

  int64_t rows_consumed() const override { return num_rows_; }

 private:
  const DatasinkPtr sink_;
  arrow::MemoryPool* const pool_;
  WriteTaskInfo info_;
  std::unique_ptr<BlockWriter> writer_;
  int64_t num_rows_ = 0;
};

}  // namespace

Result<std::unique_ptr<Step>> WriteStepSpec::Make(const StepContext& context) const {
  return std::make_unique<WriteStep>(sink_, context.pool);
}

Status WriteStepSpec::Serialize(WireWriter* out) const {
  ARROW_ASSIGN_OR_RAISE(const std::string bytes, sink_->Serialize());
  out->Str(sink_->kind());
  out->Str(bytes);
  return Status::OK();
}

Result<StepSpecPtr> WriteStepSpec::Deserialize(WireReader* in) {
  const std::string kind = in->Str();
  const std::string bytes = in->Str();
  ARROW_ASSIGN_OR_RAISE(auto sink, datasource::DeserializeDatasink(kind, bytes));
  return std::make_shared<WriteStepSpec>(std::move(sink));
}

}  // namespace headrace::worker
