// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/json_depth.h"

#include <cstdint>

namespace headrace::datasource {

Status CheckJsonDepth(std::string_view text) {
  int64_t depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      in_string = !in_string;
    } else if (in_string) {
      if (c == '\\') ++i;
    } else if (c == '{' || c == '[') {
      if (++depth > kMostJsonLevels) {
        return Status::Invalid(
            "JSON values are nested more than ", kMostJsonLevels,
            " levels deep; read such files with read_text and parse them in map");
      }
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return Status::OK();
}

}  // namespace headrace::datasource
