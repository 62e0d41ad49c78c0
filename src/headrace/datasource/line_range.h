// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/io/interfaces.h>

#include <cstdint>
#include <memory>
#include <string>

#include "headrace/base/status.h"

namespace headrace::datasource {

/// Bytes [begin, end) of a file.
struct ByteRange {
  int64_t begin = 0;
  int64_t end = INT64_MAX;
};

/// The lines of `file` that begin in `range`: ranges that follow one another give each line once.
/// A line ends with \n. One thread.
Result<std::shared_ptr<arrow::io::InputStream>> OpenLineRange(
    std::shared_ptr<arrow::io::RandomAccessFile> file, const ByteRange& range);

}  // namespace headrace::datasource
