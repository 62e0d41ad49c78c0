// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/filesystem/filesystem.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "headrace/base/status.h"

namespace headrace::io {

/// Scheme of `uri` ("s3"), or "" for a plain path.
std::string_view UriScheme(std::string_view uri);

/// Parts of a URI that has a scheme. They point into it.
struct UriParts {
  std::string_view scheme;
  std::string_view authority;  // scheme://user:password@host
  std::string_view path;       // with its first '/'
  /// With its '?'. Only `name=value` makes one: a '?' alone is part of the path, where it is a
  /// glob.
  std::string_view query;
};
UriParts SplitUri(std::string_view uri);

/// The authority without what nobody has to see: keys of S3, passwords of others.
std::string PublicAuthority(const UriParts& parts);

/// A filesystem that a URI has led to, and the path in it at which that URI stands.
struct RemoteRoot {
  std::shared_ptr<arrow::fs::FileSystem> filesystem;
  std::string base;

  /// The path in the filesystem of `path` below the root.
  std::string PathOf(std::string_view path) const;
};

/// The filesystem of `root` (authority and query of a URI). Filesystems are made once per root,
/// because each holds its own connections; the S3 library is loaded when the first s3 URI is
/// opened. Errors show `shown` in place of `root`. `environment`: variables that are set before,
/// see FileAccess. Thread-safe.
Result<RemoteRoot> OpenRemote(const std::string& root, const std::string& shown,
                              const std::map<std::string, std::string>& environment = {});

}  // namespace headrace::io
