// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace headrace {

enum class LogLevel { kDebug = 0, kInfo = 1, kWarning = 2, kError = 3 };

using LogField = std::pair<std::string_view, std::string>;

/// Writes one line to standard error: time, level, `message`, then `key=value` fields. Thread-safe;
/// lines of different threads do not mix. Dropped when below the level of SetLogLevel.
void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

/// Lines below `level` are dropped; the default is kWarning.
void SetLogLevel(LogLevel level);
LogLevel GetLogLevel();

}  // namespace headrace
