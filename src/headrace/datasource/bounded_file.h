// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/io/interfaces.h>

#include <memory>

#include "headrace/base/status.h"

namespace headrace::datasource {

/// `file`, with reads that end at its end. Arrow allocates what a read asks for before it reads:
/// a damaged length in a file must not become memory. As thread-safe as `file`.
Result<std::shared_ptr<arrow::io::RandomAccessFile>> BoundReads(
    std::shared_ptr<arrow::io::RandomAccessFile> file);

}  // namespace headrace::datasource
