// SPDX-License-Identifier: Apache-2.0
#include "headrace/worker/steps/read_files_step.h"

#include <utility>

#include "headrace/datasource/files_source.h"
#include "headrace/datasource/listing_datasource.h"
#include "headrace/datasource/registry.h"
#include "headrace/worker/steps/read_tasks.h"

namespace headrace::worker {
namespace {

class ReadFilesStep final : public Step {
 public:
  /// `files` is `source` in its other role.
  ReadFilesStep(DatasourcePtr source, const datasource::FilesSource& files, int64_t limit_rows,
                int64_t heap_bytes, const StepContext& context)
      : source_(std::move(source)),
        files_(files),
        heap_bytes_(heap_bytes),
        reads_(limit_rows, context) {}

  Status Begin(const TaskInfo& task) override {
    reads_.Begin(task);
    return Status::OK();
  }

  Status Process(Block block, BlockSink& out) override {
    ARROW_ASSIGN_OR_RAISE(auto listed, datasource::ListedFilesOf(block));
    ARROW_ASSIGN_OR_RAISE(const DatasourcePtr source, files_.WithFiles(std::move(listed)));
    const ReadOptions& options = reads_.options();
    ARROW_ASSIGN_OR_RAISE(
        const auto tasks,
        source->PlanReadTasks(ReadFilesStepSpec::ParallelismOf(
            options.target_max_block_size, options.target_min_block_size, options.buffer_bytes)));
    for (const ReadTask& task : tasks) {
      if (WantsNoMore() || out.full()) break;
      ARROW_RETURN_NOT_OK(reads_.Read(*source, task, out, heap_bytes_));
    }
    return Status::OK();
  }

  bool WantsNoMore() const override { return reads_.WantsNoMore(); }
  bool sizes_blocks() const override { return source_->sizes_blocks(); }

 private:
  const DatasourcePtr source_;
  const datasource::FilesSource& files_;
  const int64_t heap_bytes_;
  TaskReads reads_;
};

}  // namespace

std::string ReadFilesStepSpec::name() const { return datasource::ReadFilesName(*source_); }

ReadParallelism ReadFilesStepSpec::ParallelismOf(int64_t target_max_block_size,
                                                 int64_t target_min_block_size,
                                                 int64_t buffer_bytes) {
  ReadParallelism parallelism;
  parallelism.target_max_block_size = target_max_block_size;
  parallelism.target_min_block_size = target_min_block_size;
  parallelism.buffer_bytes = buffer_bytes;
  parallelism.max_tasks_per_cpu = 1;
  return parallelism;
}

Result<std::unique_ptr<Step>> ReadFilesStepSpec::Make(const StepContext& context) const {
  const auto* files = dynamic_cast<const datasource::FilesSource*>(source_.get());
  if (files == nullptr) return Status::Invalid(source_->name(), " is no source of files");
  return std::make_unique<ReadFilesStep>(source_, *files, limit_rows_, heap_bytes_, context);
}

Status ReadFilesStepSpec::Serialize(WireWriter* out) const {
  ARROW_ASSIGN_OR_RAISE(const std::string source, source_->Serialize());
  out->Str(source_->kind());
  out->Str(source);
  out->I64(limit_rows_);
  out->I64(heap_bytes_);
  return Status::OK();
}

Result<StepSpecPtr> ReadFilesStepSpec::Deserialize(WireReader* in) {
  const std::string kind = in->Str();
  const std::string bytes = in->Str();
  const int64_t limit_rows = in->I64();
  const int64_t heap_bytes = in->I64();
  ARROW_ASSIGN_OR_RAISE(auto source, datasource::DeserializeDatasource(kind, bytes));
  return std::make_shared<ReadFilesStepSpec>(std::move(source), limit_rows, heap_bytes);
}

}  // namespace headrace::worker
