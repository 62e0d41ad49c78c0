// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/file_commit.h"

#include <unistd.h>

#include <cstdio>
#include <set>

#include "headrace/base/fault_point.h"
#include "headrace/base/wire.h"
#include "headrace/datasource/commit_log.h"
#include "headrace/io/durable.h"
#include "headrace/io/open_file.h"

namespace headrace::datasource {
namespace {

constexpr std::string_view kHiddenPrefix = ".tmp-";

std::string Join(const std::string& directory, const std::string& name) {
  return directory.empty() || directory.ends_with('/') ? directory + name : directory + '/' + name;
}

std::string BaseName(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// A file that a task has written.
struct Written {
  std::string temporary;
  std::string directory;  // where it belongs
  int64_t task_index = 0;
  int64_t number = 0;  // among the files of the task
  std::string extension;
};

Result<std::vector<Written>> FilesOf(const std::vector<std::string>& finished) {
  std::vector<Written> files;
  for (const std::string& bytes : finished) {
    WireReader in(bytes);
    const int64_t task_index = in.I64();
    const std::string extension = in.Str();
    for (uint64_t left = in.Count(), number = 0; left > 0; --left, ++number) {
      Written& file = files.emplace_back();
      file.temporary = in.Str();
      file.directory = in.Str();
      file.task_index = task_index;
      file.number = static_cast<int64_t>(number);
      file.extension = extension;
    }
    ARROW_RETURN_NOT_OK(in.Finish());
  }
  return files;
}

/// The end of the names of compressed files; "" without compression.
Result<std::string> CompressionSuffix(const FileWriteOptions& options) {
  if (options.stream_compression.empty()) return std::string();
  return io::SuffixOfCompression(options.stream_compression);
}

/// The id in a temporary name, which all files of a write share.
std::string WriteIdOf(const std::string& temporary) {
  const std::string name = BaseName(temporary).substr(kHiddenPrefix.size());
  return name.substr(0, name.find('-'));
}

Result<std::string> NameOf(const FileWriteOptions& options, const Written& file) {
  const std::string write_id = WriteIdOf(file.temporary);
  const std::string suffix = file.number == 0 ? "" : '-' + std::to_string(file.number);
  if (options.name_task) {
    ARROW_ASSIGN_OR_RAISE(std::string name, options.name_task(write_id, file.task_index));
    if (name.empty() || name.find('/') != std::string::npos || name.starts_with('.')) {
      return Status::Invalid("filename_provider gave '", name,
                             "', which is no name for a file: it may not be empty, start with '.' "
                             "or have a '/'");
    }
    ARROW_ASSIGN_OR_RAISE(const std::string ending, CompressionSuffix(options));
    if (!name.ends_with(ending)) {
      return Status::Invalid("filename_provider gave '", name, "' to a file with ",
                             options.stream_compression, " compression; the name has to end in '",
                             ending, "', which tells readers to decompress it");
    }
    const size_t end = name.size() - ending.size();
    const size_t dot = end == 0 ? 0 : std::min(name.rfind('.', end - 1), end);
    return name.insert(dot, suffix);
  }
  char task[32];
  std::snprintf(task, sizeof(task), "%06lld", static_cast<long long>(file.task_index));
  const std::string stem =
      options.dataset_id.empty() ? write_id : options.dataset_id + '_' + write_id;
  return stem + '_' + task + suffix + '.' + file.extension;
}

Result<std::vector<std::string>> ExistingFiles(arrow::fs::FileSystem& filesystem,
                                               const std::string& directory) {
  arrow::fs::FileSelector selector;
  selector.base_dir = directory;
  selector.recursive = true;
  selector.allow_not_found = true;
  ARROW_ASSIGN_OR_RAISE(const auto infos, filesystem.GetFileInfo(selector));
  std::vector<std::string> files;
  for (const auto& info : infos) {
    // Hidden files belong to writes that are under way.
    const std::string name = BaseName(info.path());
    if (info.IsFile() && !name.starts_with(kHiddenPrefix) && !name.starts_with(kCommitLogPrefix)) {
      files.push_back(info.path());
    }
  }
  return files;
}

}  // namespace

Result<std::unique_ptr<StagedFiles>> StagedFiles::Make(const FileWriteOptions& options,
                                                       const WriteTaskInfo& info,
                                                       std::string extension) {
  static std::atomic<int64_t> attempts{0};
  std::unique_ptr<StagedFiles> files(new StagedFiles);
  ARROW_ASSIGN_OR_RAISE(io::Location location, io::Locate(options.path, options.access));
  files->directory_ = std::move(location);
  char task[32];
  std::snprintf(task, sizeof(task), "%06lld", static_cast<long long>(info.task_index));
  files->task_index_ = info.task_index;
  // A retry of a task must not meet what a dying attempt still writes.
  files->hidden_ = std::string(kHiddenPrefix) + info.write_id + '-' + task + '-' +
                   std::to_string(::getpid()) + '.' + std::to_string(attempts++);
  ARROW_ASSIGN_OR_RAISE(const std::string ending, CompressionSuffix(options));
  files->extension_ = std::move(extension) + ending;
  files->compression_ = options.stream_compression;
  return files;
}

StagedFiles::~StagedFiles() {
  if (finished_) return;
  for (const File& file : files_) {
    IgnoreStatus(directory_.filesystem->DeleteFile(file.temporary), "remove unfinished output");
  }
}

Result<std::shared_ptr<arrow::io::OutputStream>> StagedFiles::NewFile(const std::string& subdir) {
  HR_FAULT_POINT("datasource.write.open");
  File file;
  file.temporary =
      Join(directory_.path, hidden_ + '-' + std::to_string(files_.size()) + '.' + extension_);
  file.directory = subdir.empty() ? directory_.path : Join(directory_.path, subdir);
  ARROW_ASSIGN_OR_RAISE(auto stream, directory_.filesystem->OpenOutputStream(file.temporary));
  files_.push_back(std::move(file));
  if (compression_.empty()) return stream;
  return io::CompressStream(std::move(stream), compression_);
}

Result<std::string> StagedFiles::Finish() {
  WireWriter out;
  out.I64(task_index_);
  out.Str(extension_);
  out.U64(files_.size());
  for (const File& file : files_) {
    // The disk works while other tasks compute; the commit waits for it.
    io::StartWriting(directory_, file.temporary);
    out.Str(file.temporary);
    out.Str(file.directory);
  }
  finished_ = true;
  return out.Take();
}

Result<bool> WriteDestination::Prepare() const {
  ARROW_RETURN_NOT_OK(CompressionSuffix(options_).status());
  ARROW_ASSIGN_OR_RAISE(const auto resolved, io::Locate(options_.path, options_.access));
  const auto& filesystem = resolved.filesystem;
  const std::string& path = resolved.path;
  ARROW_ASSIGN_OR_RAISE(const auto info, filesystem->GetFileInfo(path));
  const bool exists = info.type() != arrow::fs::FileType::NotFound;
  if (exists && info.IsFile()) {
    return Status::Invalid("destination is a file, not a directory: ", options_.path);
  }
  if (exists) ARROW_RETURN_NOT_OK(CommitLog::Recover(resolved));
  if (exists && (options_.mode == SaveMode::kError || options_.mode == SaveMode::kCreate)) {
    return Status::Invalid("destination already exists: ", options_.path,
                           " (use mode append, overwrite or ignore)");
  }
  if (exists && options_.mode == SaveMode::kIgnore) return false;
  if (!exists && options_.try_create_dir) {
    ARROW_RETURN_NOT_OK(filesystem->CreateDir(path, /*recursive=*/true));
    made_directory_ = true;
  }
  return true;
}

Status WriteDestination::Commit(const std::vector<std::string>& finished) const {
  ARROW_ASSIGN_OR_RAISE(const io::Location destination, io::Locate(options_.path, options_.access));
  const std::string& path = destination.path;
  ARROW_ASSIGN_OR_RAISE(const auto files, FilesOf(finished));
  CommitLog log(destination, files.empty() ? "overwrite" : WriteIdOf(files.front().temporary));
  std::set<std::string> written;
  for (const Written& file : files) {
    ARROW_ASSIGN_OR_RAISE(const std::string name, NameOf(options_, file));
    log.moves.push_back({file.temporary, Join(file.directory, name)});
    if (!written.insert(log.moves.back().to).second) {
      return Status::Invalid("filename_provider gave the name '", name,
                             "' to two files; it has to depend on the task_index");
    }
  }
  if (options_.mode == SaveMode::kOverwrite) {
    ARROW_ASSIGN_OR_RAISE(auto old_files, ExistingFiles(*destination.filesystem, path));
    std::erase_if(old_files, [&](const std::string& file) { return written.contains(file); });
    log.removals = std::move(old_files);
  }
  if (!log.moves.empty() || !log.removals.empty()) ARROW_RETURN_NOT_OK(log.Commit());
  if (files.empty()) RemoveIfMadeAndEmpty(*destination.filesystem, path);
  return Status::OK();
}

void WriteDestination::Abort(const std::vector<std::string>& finished) const {
  const auto resolved = io::Locate(options_.path, options_.access);
  const auto files = FilesOf(finished);
  if (!resolved.ok() || !files.ok()) return;
  for (const Written& file : *files) {
    IgnoreStatus(resolved->filesystem->DeleteFile(file.temporary), "remove aborted output");
  }
  RemoveIfMadeAndEmpty(*resolved->filesystem, resolved->path);
}

void WriteDestination::RemoveLeftovers(const std::string& write_id) const {
  const auto resolved = io::Locate(options_.path, options_.access);
  if (!resolved.ok()) return;
  const auto& filesystem = resolved->filesystem;
  const std::string& path = resolved->path;
  arrow::fs::FileSelector selector;
  selector.base_dir = path;
  selector.allow_not_found = true;
  const auto infos = filesystem->GetFileInfo(selector);
  if (!infos.ok()) return;
  const std::string prefix = std::string(kHiddenPrefix) + write_id + '-';
  for (const auto& info : *infos) {
    if (info.IsFile() && info.base_name().starts_with(prefix)) {
      IgnoreStatus(filesystem->DeleteFile(info.path()), "remove output of a task that died");
    }
  }
  if (!infos->empty()) RemoveIfMadeAndEmpty(*filesystem, path);
}

void WriteDestination::RemoveIfMadeAndEmpty(arrow::fs::FileSystem& filesystem,
                                            const std::string& path) const {
  if (made_directory_) RemoveIfEmpty(filesystem, path);
}

}  // namespace headrace::datasource
