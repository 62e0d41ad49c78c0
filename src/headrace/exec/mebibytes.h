// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

namespace headrace::exec {

/// "12.5 MiB"; below 0.1 MiB "340 B".
inline std::string Mebibytes(int64_t bytes) {
  char text[32];
  if (bytes < (1 << 20) / 10) {
    std::snprintf(text, sizeof(text), "%lld B", static_cast<long long>(bytes));
  } else {
    std::snprintf(text, sizeof(text), "%.1f MiB", static_cast<double>(bytes) / (1 << 20));
  }
  return text;
}

}  // namespace headrace::exec
