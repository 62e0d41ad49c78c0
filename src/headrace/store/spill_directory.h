// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>

#include "headrace/base/status.h"
#include "headrace/base/unique_fd.h"

namespace headrace::store {

/// The directory headrace-spill-<uid> below one that the user named. Only its owner may enter it,
/// and the files that are written there have no name: they are gone with the process that has them
/// open, however it ends. Any thread.
class SpillDirectory {
 public:
  /// Makes the directory, or takes one that is there. Fails if that one belongs to another user, is
  /// open to others, or is a link. Removes files that a process left between making and unlinking
  /// them.
  static Result<std::unique_ptr<SpillDirectory>> Open(const std::string& parent);

  const std::string& path() const { return path_; }
  dev_t device() const { return device_; }
  int64_t FreeBytes() const;
  /// A new empty file without a name.
  Result<UniqueFd> CreateFile() const;
  /// The same where the file system cannot make files without a name: unlinked at once, and locked
  /// meanwhile so that RemoveStaleFiles() of another process can tell that its owner lives.
  Result<UniqueFd> CreateNamedFile() const;

 private:
  SpillDirectory(std::string path, UniqueFd fd, dev_t device)
      : path_(std::move(path)), fd_(std::move(fd)), device_(device) {}
  void RemoveStaleFiles() const;

  const std::string path_;
  const UniqueFd fd_;
  const dev_t device_;
};

}  // namespace headrace::store
