// SPDX-License-Identifier: Apache-2.0
#include "headrace/worker/steps/read_step.h"

#include <arrow/array/array_binary.h>
#include <arrow/buffer.h>

#include <limits>

#include "headrace/datasource/registry.h"
#include "headrace/worker/steps/read_tasks.h"

namespace headrace::worker {
namespace {

const std::shared_ptr<arrow::Schema>& ReadTaskSchema() {
  static const auto schema = arrow::schema({arrow::field("read_task", arrow::binary())});
  return schema;
}

ReadTask ReadTaskFrom(std::string_view bytes, Status* status) {
  WireReader in(bytes);
  ReadTask task;
  task.payload = in.Str();
  task.num_rows = in.I64();
  task.size_bytes = in.I64();
  task.heap_bytes = in.I64();
  *status = in.Finish();
  return task;
}

class ReadStep final : public Step {
 public:
  ReadStep(DatasourcePtr source, int64_t limit_rows, const StepContext& context)
      : source_(std::move(source)), reads_(limit_rows, context) {}

  Status Begin(const TaskInfo& task) override {
    reads_.Begin(task);
    return Status::OK();
  }

  Status Process(Block block, BlockSink& out) override {
    if (block.num_columns() != 1 || block.batch()->column(0)->type_id() != arrow::Type::BINARY) {
      return Status::Invalid("a read step takes descriptions of read tasks");
    }
    const auto& tasks = static_cast<const arrow::BinaryArray&>(*block.batch()->column(0));
    for (int64_t i = 0; i < tasks.length() && !WantsNoMore() && !out.full(); ++i) {
      Status parsed;
      const ReadTask task = ReadTaskFrom(tasks.GetView(i), &parsed);
      ARROW_RETURN_NOT_OK(parsed);
      ARROW_RETURN_NOT_OK(reads_.Read(*source_, task, out));
    }
    return Status::OK();
  }

  bool WantsNoMore() const override { return reads_.WantsNoMore(); }
  bool sizes_blocks() const override { return source_->sizes_blocks(); }

 private:
  const DatasourcePtr source_;
  TaskReads reads_;
};

}  // namespace

Result<Block> MakeReadTaskBlock(std::span<const ReadTask> tasks) {
  std::string bytes;
  // Built by hand: there may be a million of them.
  ARROW_ASSIGN_OR_RAISE(
      std::shared_ptr<arrow::Buffer> offsets,
      arrow::AllocateBuffer(static_cast<int64_t>((tasks.size() + 1) * sizeof(int32_t))));
  auto* ends = reinterpret_cast<int32_t*>(offsets->mutable_data());
  *ends++ = 0;
  for (const ReadTask& task : tasks) {
    WireWriter out;
    out.Str(task.payload);
    out.I64(task.num_rows);
    out.I64(task.size_bytes);
    out.I64(task.heap_bytes);
    bytes += out.bytes();
    if (bytes.size() > std::numeric_limits<int32_t>::max()) {
      return Status::CapacityError("descriptions of read tasks of more than 2 GiB");
    }
    *ends++ = static_cast<int32_t>(bytes.size());
  }
  const auto rows = static_cast<int64_t>(tasks.size());
  auto array = std::make_shared<arrow::BinaryArray>(rows, std::move(offsets),
                                                    arrow::Buffer::FromString(std::move(bytes)));
  return Block(
      arrow::RecordBatch::Make(ReadTaskSchema(), rows, arrow::ArrayVector{std::move(array)}));
}

Result<std::unique_ptr<Step>> ReadStepSpec::Make(const StepContext& context) const {
  return std::make_unique<ReadStep>(source_, limit_rows_, context);
}

Status ReadStepSpec::Serialize(WireWriter* out) const {
  ARROW_ASSIGN_OR_RAISE(const std::string source, source_->Serialize());
  out->Str(source_->kind());
  out->Str(source);
  out->I64(limit_rows_);
  return Status::OK();
}

Result<StepSpecPtr> ReadStepSpec::Deserialize(WireReader* in) {
  const std::string kind = in->Str();
  const std::string bytes = in->Str();
  const int64_t limit_rows = in->I64();
  ARROW_ASSIGN_OR_RAISE(auto source, datasource::DeserializeDatasource(kind, bytes));
  return std::make_shared<ReadStepSpec>(std::move(source), limit_rows);
}

}  // namespace headrace::worker
