// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/io/file_access.h"

namespace headrace::io {

/// Waits until the file or directory `path` of `location`'s filesystem would outlive a loss of
/// power. For a directory: the names in it. Object stores keep what they have confirmed: nothing to
/// do.
Status MakeDurable(const Location& location, const std::string& path);
/// The same for all of `paths`, several at a time: one turn of the journal then serves many of
/// them.
Status MakeAllDurable(const Location& location, const std::vector<std::string>& paths);

/// Asks the system to begin with writing a closed file to disk and does not wait for it. Whatever
/// goes wrong is met again, and told, by MakeDurable.
void StartWriting(const Location& location, const std::string& path);

}  // namespace headrace::io
