// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/filesystem/filesystem.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "headrace/base/status.h"

namespace headrace::io {

/// Scheme of `uri` ("s3"), or "" for a plain path.
std::string_view UriScheme(std::string_view uri);

/// Filesystem and path of a URI that is not local. Filesystems are made once per scheme, authority
/// and query, because each holds its own connections; the S3 library is loaded when the first s3
/// URI is resolved. Thread-safe.
Result<std::pair<std::shared_ptr<arrow::fs::FileSystem>, std::string>> ResolveRemote(
    const std::string& uri);

/// `uri` of a directory `base_path` changed to name the file `path` below it on the same
/// filesystem.
std::string UriBelow(const std::string& uri, const std::string& base_path, const std::string& path);

}  // namespace headrace::io
