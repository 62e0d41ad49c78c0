// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/buffer.h>

#include <memory>

#include "headrace/base/status.h"

namespace headrace::datasource {

/// `text` as JSON lines: an array of objects, or objects one after the other however they are
/// laid out (one per line, one over many lines), become one object per line. Only brackets and
/// strings are looked at; the parser that follows checks the rest. Text without line breaks inside
/// objects is given back as it is. Fails with Invalid, naming the byte, when a bracket does not
/// close or an array holds something else than objects.
Result<std::shared_ptr<arrow::Buffer>> ToJsonLines(std::shared_ptr<arrow::Buffer> text);

}  // namespace headrace::datasource
