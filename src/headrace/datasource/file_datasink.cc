// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/file_datasink.h"

#include <algorithm>

namespace headrace::datasource {
namespace {

class FileWriter final : public BlockWriter {
 public:
  FileWriter(std::unique_ptr<StagedFiles> files, int64_t max_rows, MakeEncoder make_encoder)
      : files_(std::move(files)), sequence_(files_.get(), "", max_rows, std::move(make_encoder)) {}

  Status Write(const Block& block) override { return sequence_.Write(block); }
  Result<std::string> Finish() override {
    ARROW_RETURN_NOT_OK(sequence_.Finish());
    return files_->Finish();
  }

 private:
  std::unique_ptr<StagedFiles> files_;
  FileSequence sequence_;
};

}  // namespace

FileSequence::FileSequence(StagedFiles* files, std::string subdir, int64_t max_rows_per_file,
                           MakeEncoder make_encoder)
    : files_(files),
      subdir_(std::move(subdir)),
      max_rows_(max_rows_per_file),
      make_encoder_(std::move(make_encoder)) {}

Status FileSequence::Write(const Block& block) {
  int64_t offset = 0;
  while (offset < block.num_rows()) {
    int64_t rows = block.num_rows() - offset;
    if (max_rows_ > 0) rows = std::min(rows, max_rows_ - rows_in_file_);
    const Block part = rows == block.num_rows() ? block : block.Slice(offset, rows);
    if (encoder_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(stream_, files_->NewFile(subdir_));
      ARROW_ASSIGN_OR_RAISE(encoder_, make_encoder_(stream_, part));
    }
    ARROW_RETURN_NOT_OK(encoder_->Write(part));
    rows_in_file_ += rows;
    offset += rows;
    if (max_rows_ > 0 && rows_in_file_ == max_rows_) ARROW_RETURN_NOT_OK(CloseFile());
  }
  return Status::OK();
}

Status FileSequence::Finish() { return encoder_ == nullptr ? Status::OK() : CloseFile(); }

Status FileSequence::CloseFile() {
  ARROW_RETURN_NOT_OK(encoder_->Finish());
  encoder_.reset();
  ARROW_RETURN_NOT_OK(stream_->Close());
  stream_.reset();
  rows_in_file_ = 0;
  return Status::OK();
}

Result<std::unique_ptr<BlockWriter>> MakeFileWriter(const FileWriteOptions& options,
                                                    const WriteTaskInfo& info,
                                                    std::string extension,
                                                    MakeEncoder make_encoder) {
  ARROW_ASSIGN_OR_RAISE(auto files, StagedFiles::Make(options, info, std::move(extension)));
  return std::make_unique<FileWriter>(std::move(files), options.max_rows_per_file,
                                      std::move(make_encoder));
}

}  // namespace headrace::datasource
