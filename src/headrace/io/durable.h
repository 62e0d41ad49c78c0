// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "headrace/base/status.h"
#include "headrace/io/file_access.h"

namespace headrace::io {

/// Waits until the file or directory `path` of `location`'s filesystem would outlive a loss of
/// power. For a directory: the names in it. Object stores keep what they have confirmed: nothing to
/// do.
Status MakeDurable(const Location& location, const std::string& path);

}  // namespace headrace::io
