// SPDX-License-Identifier: Apache-2.0
#include "headrace/api/dataset_state.h"
#include "headrace/dataset.h"
#include "headrace/datasource/file_options.h"
#include "headrace/plan/operators.h"

namespace headrace {
namespace {

datasource::FileWriteOptions FilesTo(const std::string& path, const WriteFilesOptions& options,
                                     const DataContext& context, Status* wrong) {
  datasource::FileWriteOptions out;
  out.access.retry = api::RetryPolicyOf(context);
  *wrong &= out.access.Admit(path).Value(&out.path);
  out.mode = options.mode;
  out.try_create_dir = options.try_create_dir;
  out.min_rows_per_file = api::AtLeast("min_rows_per_file", options.min_rows_per_file, 1, 0, wrong);
  out.max_rows_per_file = api::AtLeast("max_rows_per_file", options.max_rows_per_file, 1, 0, wrong);
  if (out.max_rows_per_file > 0 && out.min_rows_per_file > out.max_rows_per_file) {
    *wrong &= Status::Invalid("min_rows_per_file (", out.min_rows_per_file,
                              ") must be <= max_rows_per_file (", out.max_rows_per_file, ")");
  }
  return out;
}

}  // namespace

Status Dataset::WriteDatasink(DatasinkPtr sink, const WriteFilesOptions& options) const {
  if (sink == nullptr) return Status::Invalid("WriteDatasink needs a sink");
  Status wrong;
  plan::MapOptions tasks = api::TaskOptions(options.num_cpus, options.concurrency, &wrong);
  ARROW_RETURN_NOT_OK(wrong);
  ARROW_ASSIGN_OR_RAISE(
      const auto execution,
      state_->Start(std::make_shared<plan::Write>(state_->plan, sink, std::move(tasks)), sink));
  const Status written = execution->Join();
  state_->Remember(*execution);
  return written;
}

Status Dataset::WriteParquet(const std::string& path, const WriteParquetOptions& options) const {
  Status wrong;
  datasource::ParquetWriteOptions out;
  out.files = FilesTo(path, options.files, state_->context, &wrong);
  out.compression = options.compression;
  out.compression_level = options.compression_level;
  out.row_group_size = api::AtLeast("row_group_size", options.row_group_size, 1, 0, &wrong);
  out.use_dictionary = options.use_dictionary;
  out.partition_cols = options.partition_cols;
  ARROW_RETURN_NOT_OK(wrong);
  ARROW_ASSIGN_OR_RAISE(auto sink, datasource::MakeParquetDatasink(std::move(out)));
  return WriteDatasink(std::move(sink), options.files);
}

Status Dataset::WriteCsv(const std::string& path, const WriteCsvOptions& options) const {
  Status wrong;
  datasource::CsvWriteOptions out;
  out.files = FilesTo(path, options.files, state_->context, &wrong);
  out.include_header = options.include_header;
  out.delimiter = options.delimiter;
  out.quoting_style = options.quoting_style;
  out.files.stream_compression = options.compression;
  ARROW_RETURN_NOT_OK(wrong);
  ARROW_ASSIGN_OR_RAISE(auto sink, datasource::MakeCsvDatasink(std::move(out)));
  return WriteDatasink(std::move(sink), options.files);
}

Status Dataset::WriteJson(const std::string& path, const WriteJsonOptions& options) const {
  Status wrong;
  datasource::FileWriteOptions out = FilesTo(path, options.files, state_->context, &wrong);
  out.stream_compression = options.compression;
  ARROW_RETURN_NOT_OK(wrong);
  ARROW_ASSIGN_OR_RAISE(auto sink, datasource::MakeJsonDatasink(std::move(out)));
  return WriteDatasink(std::move(sink), options.files);
}

Status Dataset::WriteArrow(const std::string& path, const WriteArrowOptions& options) const {
  Status wrong;
  datasource::ArrowWriteOptions out;
  out.files = FilesTo(path, options.files, state_->context, &wrong);
  out.compression = options.compression;
  ARROW_RETURN_NOT_OK(wrong);
  ARROW_ASSIGN_OR_RAISE(auto sink, datasource::MakeArrowDatasink(std::move(out)));
  return WriteDatasink(std::move(sink), options.files);
}

Status Dataset::WriteOrc(const std::string& path, const WriteOrcOptions& options) const {
  Status wrong;
  datasource::OrcWriteOptions out;
  out.files = FilesTo(path, options.files, state_->context, &wrong);
  out.compression = options.compression;
  out.stripe_size = api::AtLeast("stripe_size", options.stripe_size, 1, 0, &wrong);
  ARROW_RETURN_NOT_OK(wrong);
  ARROW_ASSIGN_OR_RAISE(auto sink, datasource::MakeOrcDatasink(std::move(out)));
  return WriteDatasink(std::move(sink), options.files);
}

Status Dataset::WriteTfrecords(const std::string& path,
                               const WriteTfrecordsOptions& options) const {
  Status wrong;
  datasource::TfrecordWriteOptions out;
  out.files = FilesTo(path, options.files, state_->context, &wrong);
  ARROW_RETURN_NOT_OK(wrong);
  ARROW_ASSIGN_OR_RAISE(auto sink, datasource::MakeTfrecordDatasink(std::move(out)));
  return WriteDatasink(std::move(sink), options.files);
}

Status Dataset::WriteWebDataset(const std::string& path,
                                const WriteWebDatasetOptions& options) const {
  Status wrong;
  datasource::WebDatasetWriteOptions out;
  out.files = FilesTo(path, options.files, state_->context, &wrong);
  out.encode = options.encode;
  ARROW_RETURN_NOT_OK(wrong);
  ARROW_ASSIGN_OR_RAISE(auto sink, datasource::MakeWebDatasetDatasink(std::move(out)));
  return WriteDatasink(std::move(sink), options.files);
}

}  // namespace headrace
