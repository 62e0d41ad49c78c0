// SPDX-License-Identifier: Apache-2.0
#include "headrace/io/durable.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "headrace/base/unique_fd.h"

namespace headrace::io {

Status MakeDurable(const Location& location, const std::string& path) {
  if (!location.is_local) return Status::OK();
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  // Some filesystems have no such promise to give for directories (EINVAL).
  if (file.valid() && (::fsync(file.get()) == 0 || errno == EINVAL)) return Status::OK();
  return Status::IOError("Cannot flush '", path, "' to disk: ", std::strerror(errno));
}

}  // namespace headrace::io
