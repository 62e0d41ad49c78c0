// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/file_commit.h"

#include <unistd.h>

#include <cstdio>
#include <set>

#include "headrace/base/fault_point.h"
#include "headrace/base/wire.h"
#include "headrace/io/file_access.h"

namespace headrace::datasource {
namespace {

constexpr std::string_view kHiddenPrefix = ".tmp-";

std::string Join(const std::string& directory, const std::string& name) {
  return directory.empty() || directory.ends_with('/') ? directory + name : directory + '/' + name;
}

std::string Parent(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

std::string BaseName(const std::string& path) { return path.substr(path.rfind('/') + 1); }

struct Rename {
  std::string temporary;
  std::string final;
};

Result<std::vector<Rename>> Renames(const std::vector<std::string>& finished) {
  std::vector<Rename> renames;
  for (const std::string& bytes : finished) {
    WireReader in(bytes);
    for (uint64_t left = in.Count(); left > 0; --left) {
      std::string temporary = in.Str();
      renames.push_back({std::move(temporary), in.Str()});
    }
    ARROW_RETURN_NOT_OK(in.Finish());
  }
  return renames;
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
    if (info.IsFile() && !BaseName(info.path()).starts_with(kHiddenPrefix)) {
      files.push_back(info.path());
    }
  }
  return files;
}

/// Gives all files their names; `written` has those that did.
Status MoveAll(arrow::fs::FileSystem& filesystem, const std::vector<Rename>& renames,
               const std::string& directory, std::set<std::string>* written) {
  std::set<std::string> directories{directory};
  for (const Rename& rename : renames) {
    HR_FAULT_POINT("datasource.write.commit");
    const std::string parent = Parent(rename.final);
    if (directories.insert(parent).second) {
      ARROW_RETURN_NOT_OK(filesystem.CreateDir(parent, /*recursive=*/true));
    }
    ARROW_RETURN_NOT_OK(filesystem.Move(rename.temporary, rename.final));
    written->insert(rename.final);
  }
  return Status::OK();
}

Result<bool> IsEmptyDirectory(arrow::fs::FileSystem& filesystem, const std::string& directory) {
  arrow::fs::FileSelector selector;
  selector.base_dir = directory;
  ARROW_ASSIGN_OR_RAISE(const auto infos, filesystem.GetFileInfo(selector));
  return infos.empty();
}

}  // namespace

Result<std::unique_ptr<StagedFiles>> StagedFiles::Make(const FileWriteOptions& options,
                                                       const WriteTaskInfo& info,
                                                       std::string extension) {
  static std::atomic<int64_t> attempts{0};
  std::unique_ptr<StagedFiles> files(new StagedFiles);
  ARROW_ASSIGN_OR_RAISE(io::Location location, io::Locate(options.path, options.access));
  files->filesystem_ = std::move(location.filesystem);
  files->directory_ = std::move(location.path);
  char task[32];
  std::snprintf(task, sizeof(task), "%06lld", static_cast<long long>(info.task_index));
  files->stem_ = options.dataset_id.empty() ? info.write_id + '_' + task
                                            : options.dataset_id + '_' + info.write_id + '_' + task;
  // A retry of a task must not meet what a dying attempt still writes.
  files->hidden_ = std::string(kHiddenPrefix) + info.write_id + '-' + task + '-' +
                   std::to_string(::getpid()) + '.' + std::to_string(attempts++);
  files->extension_ = std::move(extension);
  return files;
}

StagedFiles::~StagedFiles() {
  if (finished_) return;
  for (const File& file : files_) {
    IgnoreStatus(filesystem_->DeleteFile(file.temporary), "remove unfinished output");
  }
}

Result<std::shared_ptr<arrow::io::OutputStream>> StagedFiles::NewFile(const std::string& subdir) {
  HR_FAULT_POINT("datasource.write.open");
  const std::string number = std::to_string(files_.size());
  File file;
  file.temporary = Join(directory_, hidden_ + '-' + number + '.' + extension_);
  const std::string name =
      files_.empty() ? stem_ + '.' + extension_ : stem_ + '-' + number + '.' + extension_;
  file.final = Join(subdir.empty() ? directory_ : Join(directory_, subdir), name);
  ARROW_ASSIGN_OR_RAISE(auto stream, filesystem_->OpenOutputStream(file.temporary));
  files_.push_back(std::move(file));
  return stream;
}

std::string StagedFiles::Finish() {
  finished_ = true;
  WireWriter out;
  out.U64(files_.size());
  for (const File& file : files_) {
    out.Str(file.temporary);
    out.Str(file.final);
  }
  return out.Take();
}

Result<bool> WriteDestination::Prepare() const {
  ARROW_ASSIGN_OR_RAISE(const auto resolved, io::Locate(options_.path, options_.access));
  const auto& filesystem = resolved.filesystem;
  const std::string& path = resolved.path;
  ARROW_ASSIGN_OR_RAISE(const auto info, filesystem->GetFileInfo(path));
  const bool exists = info.type() != arrow::fs::FileType::NotFound;
  if (exists && info.IsFile()) {
    return Status::Invalid("destination is a file, not a directory: ", options_.path);
  }
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
  ARROW_ASSIGN_OR_RAISE(const auto resolved, io::Locate(options_.path, options_.access));
  const auto& filesystem = resolved.filesystem;
  const std::string& path = resolved.path;
  ARROW_ASSIGN_OR_RAISE(const auto renames, Renames(finished));
  std::vector<std::string> old_files;
  if (options_.mode == SaveMode::kOverwrite) {
    ARROW_ASSIGN_OR_RAISE(old_files, ExistingFiles(*filesystem, path));
  }
  std::set<std::string> written;
  const Status moved = MoveAll(*filesystem, renames, path, &written);
  if (!moved.ok()) {
    for (const std::string& file : written) {
      IgnoreStatus(filesystem->DeleteFile(file), "remove the output of a commit that failed");
    }
    return moved;
  }
  // Last: until here a failure leaves the old content complete.
  std::set<std::string> emptied;
  for (const std::string& file : old_files) {
    if (written.contains(file)) continue;
    ARROW_RETURN_NOT_OK(filesystem->DeleteFile(file));
    if (Parent(file) != path) emptied.insert(Parent(file));
  }
  for (auto it = emptied.rbegin(); it != emptied.rend(); ++it) {
    const auto empty = IsEmptyDirectory(*filesystem, *it);
    if (empty.ok() && *empty) IgnoreStatus(filesystem->DeleteDir(*it), "remove old directory");
  }
  if (renames.empty()) RemoveIfMadeAndEmpty(*filesystem, path);
  return Status::OK();
}

void WriteDestination::Abort(const std::vector<std::string>& finished) const {
  const auto resolved = io::Locate(options_.path, options_.access);
  const auto renames = Renames(finished);
  if (!resolved.ok() || !renames.ok()) return;
  for (const Rename& rename : *renames) {
    IgnoreStatus(resolved->filesystem->DeleteFile(rename.temporary), "remove aborted output");
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
  if (!made_directory_) return;
  const auto empty = IsEmptyDirectory(filesystem, path);
  if (empty.ok() && *empty) {
    IgnoreStatus(filesystem.DeleteDir(path), "remove empty output directory");
  }
}

}  // namespace headrace::datasource
