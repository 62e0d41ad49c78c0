// SPDX-License-Identifier: Apache-2.0
#include "headrace/store/spill_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <vector>

namespace headrace::store {
namespace {

constexpr std::string_view kNamePrefix = "spill-";

Status DirectoryError(const std::string& path, const std::string& what) {
  return Status::IOError("Cannot spill to ", path, ": ", what,
                         ". Name another directory with spill_directory "
                         "(or HEADRACE_SPILL_DIRECTORY).");
}

Status ErrnoError(const std::string& path, const char* call) {
  return DirectoryError(path, std::string(call) + ": " + std::strerror(errno));
}

}  // namespace

Result<std::unique_ptr<SpillDirectory>> SpillDirectory::Open(const std::string& parent) {
  std::string path = parent + "/headrace-spill-" + std::to_string(geteuid());
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return ErrnoError(path, "mkdir");
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.valid()) return ErrnoError(path, "open");
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) return ErrnoError(path, "fstat");
  if (info.st_uid != geteuid()) return DirectoryError(path, "it belongs to another user");
  if ((info.st_mode & 0777) != 0700) {
    return DirectoryError(path, "others may enter it (its mode has to be 0700)");
  }
  std::unique_ptr<SpillDirectory> directory(
      new SpillDirectory(std::move(path), std::move(fd), info.st_dev));
  directory->RemoveStaleFiles();
  return directory;
}

int64_t SpillDirectory::FreeBytes() const {
  struct statvfs info {};
  if (fstatvfs(fd_.get(), &info) != 0) return 0;
  return static_cast<int64_t>(info.f_bavail) * static_cast<int64_t>(info.f_frsize);
}

Result<UniqueFd> SpillDirectory::CreateFile() const {
  UniqueFd fd(openat(fd_.get(), ".", O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600));
  if (fd.valid()) return fd;
  // What kernels and file systems answer that do not know O_TMPFILE.
  if (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL || errno == ENOENT) {
    return CreateNamedFile();
  }
  return ErrnoError(path_, "open");
}

Result<UniqueFd> SpillDirectory::CreateNamedFile() const {
  static std::atomic<int64_t> number{0};
  const std::string name =
      std::string(kNamePrefix) + std::to_string(getpid()) + "-" + std::to_string(++number);
  unlinkat(fd_.get(), name.c_str(), 0);  // of a dead process that had our id
  UniqueFd fd(
      openat(fd_.get(), name.c_str(), O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd.valid()) return ErrnoError(path_, "open");
  flock(fd.get(), LOCK_EX | LOCK_NB);
  // Gone already when another process took it for stale in between: that is as good.
  if (unlinkat(fd_.get(), name.c_str(), 0) != 0 && errno != ENOENT) {
    return ErrnoError(path_, "unlink");
  }
  return fd;
}

void SpillDirectory::RemoveStaleFiles() const {
  const int copy = openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* entries = copy < 0 ? nullptr : fdopendir(copy);
  if (entries == nullptr) {
    if (copy >= 0) close(copy);
    return;
  }
  std::vector<std::string> names;
  while (const dirent* entry = readdir(entries)) {
    if (std::string_view(entry->d_name).starts_with(kNamePrefix)) names.emplace_back(entry->d_name);
  }
  closedir(entries);
  for (const std::string& name : names) {
    const UniqueFd file(openat(fd_.get(), name.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
    if (file.valid() && flock(file.get(), LOCK_EX | LOCK_NB) == 0) {
      unlinkat(fd_.get(), name.c_str(), 0);
    }
  }
}

}  // namespace headrace::store
