// SPDX-License-Identifier: Apache-2.0
#include "headrace/io/append_bytes.h"

#include <algorithm>

namespace headrace::io {
namespace {

constexpr int64_t kReadBytes = 1 << 20;

}  // namespace

Status AppendBytes(arrow::io::InputStream& stream, int64_t size, std::string* out) {
  while (size > 0) {
    const int64_t wanted = std::min(size, kReadBytes);
    const size_t begin = out->size();
    out->resize(begin + static_cast<size_t>(wanted));
    ARROW_ASSIGN_OR_RAISE(const int64_t read, stream.Read(wanted, out->data() + begin));
    out->resize(begin + static_cast<size_t>(read));
    if (read == 0) break;
    size -= read;
  }
  return Status::OK();
}

}  // namespace headrace::io
