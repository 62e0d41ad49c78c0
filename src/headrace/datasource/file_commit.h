// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/filesystem/filesystem.h>
#include <arrow/io/interfaces.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/datasource/file_options.h"

namespace headrace::datasource {

/// Files of one write task. They are written under hidden names in the destination directory
/// (".tmp-<write id>-…") and get their names when the write commits. Destroyed without Finish(), it
/// removes them. One thread.
class StagedFiles {
 public:
  static Result<std::unique_ptr<StagedFiles>> Make(const FileWriteOptions& options,
                                                   const WriteTaskInfo& info,
                                                   std::string extension);
  ~StagedFiles();

  /// A new file that will be `<dir>/<subdir>/<dataset id>_<write id>_<task>[-<i>].<extension>`,
  /// unless FileWriteOptions::name_task has another name for it.
  /// `subdir` may be empty.
  Result<std::shared_ptr<arrow::io::OutputStream>> NewFile(const std::string& subdir);

  /// Says what Commit and Abort need. All files have to be closed; they begin to go to disk.
  Result<std::string> Finish();

 private:
  StagedFiles() = default;

  struct File {
    std::string temporary;
    std::string directory;  // where it belongs
  };
  io::Location directory_;
  int64_t task_index_ = 0;
  std::string hidden_;  // .tmp-<write id>-<task>-<attempt>
  std::string extension_;
  std::string compression_;  // "": none
  std::vector<File> files_;
  bool finished_ = false;
};

/// The destination of one write, in the driver: makes the directory, commits, cleans up.
class WriteDestination {
 public:
  explicit WriteDestination(FileWriteOptions options) : options_(std::move(options)) {}

  const FileWriteOptions& options() const { return options_; }

  /// False when the write has to be skipped (kIgnore and the directory exists). Fails with Invalid
  /// "already exists" for kError and kCreate. Finishes commits that died there. Makes the directory
  /// otherwise.
  Result<bool> Prepare() const;
  /// Waits until all files of `finished` (results of StagedFiles::Finish) would outlive a loss of
  /// power and gives them their names; with kOverwrite what was there before is removed after that.
  /// Removes the directory again when Prepare made it and nothing was written. A failure leaves
  /// none of the new files; a driver that is killed leaves a CommitLog, which the next Prepare
  /// carries out.
  Status Commit(const std::vector<std::string>& finished) const;
  /// Removes the files of `finished`, and the directory if Prepare made it and it is empty.
  void Abort(const std::vector<std::string>& finished) const;
  /// Removes all files with hidden names of the write, whoever made them; the directory as Abort.
  void RemoveLeftovers(const std::string& write_id) const;

 private:
  void RemoveIfMadeAndEmpty(arrow::fs::FileSystem& filesystem, const std::string& path) const;

  const FileWriteOptions options_;
  mutable std::atomic<bool> made_directory_{false};
};

}  // namespace headrace::datasource
