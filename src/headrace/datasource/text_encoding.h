// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/io/interfaces.h>

#include <memory>
#include <string>

#include "headrace/base/status.h"

namespace headrace::datasource {

/// OK for encodings that this machine's iconv knows, else Invalid naming it.
Status CheckEncoding(const std::string& encoding);

/// Whether `encoding` is UTF-8, or ASCII, which is a part of it.
bool IsUtf8(std::string encoding);

/// `stream` converted from `encoding` to UTF-8; the stream itself when it is UTF-8 or ASCII already
/// (then nobody has checked it). A byte sequence that is none in `encoding` fails with Invalid.
Result<std::shared_ptr<arrow::io::InputStream>> DecodeToUtf8(
    std::shared_ptr<arrow::io::InputStream> stream, const std::string& encoding);

}  // namespace headrace::datasource
