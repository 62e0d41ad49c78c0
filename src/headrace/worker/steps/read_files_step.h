// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "headrace/datasource.h"
#include "headrace/worker/step.h"

namespace headrace::worker {

/// Reads: its input blocks are lists of files (datasource/listing_datasource.h), its output the
/// rows of those, in their order. Plans and opens them as the driver does where it knows all files.
class ReadFilesStepSpec final : public StepSpec {
 public:
  static constexpr std::string_view kKind = "read_files";
  /// `source` is a datasource::FilesSource, whose own files are not read. `limit_rows`: as in
  /// ReadStepSpec. `heap_bytes`: what the scheduler sets aside for reading a list.
  ReadFilesStepSpec(DatasourcePtr source, int64_t limit_rows, int64_t heap_bytes)
      : source_(std::move(source)), limit_rows_(limit_rows), heap_bytes_(heap_bytes) {}
  static Result<StepSpecPtr> Deserialize(WireReader* in);
  std::string_view kind() const override { return kKind; }
  std::string name() const override;
  bool needs_python() const override { return source_->needs_python(); }
  Result<std::unique_ptr<Step>> Make(const StepContext& context) const override;
  Status Serialize(WireWriter* out) const override;

  /// How the files of one list are cut into read tasks: they follow each other in one task.
  static ReadParallelism ParallelismOf(int64_t target_max_block_size, int64_t target_min_block_size,
                                       int64_t buffer_bytes);

 private:
  const DatasourcePtr source_;
  const int64_t limit_rows_;
  const int64_t heap_bytes_;
};

}  // namespace headrace::worker
