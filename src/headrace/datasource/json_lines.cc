// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/json_lines.h"

#include <string>
#include <string_view>

namespace headrace::datasource {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

/// Copies the object that starts at `begin` to one line of `out`; returns the position after it.
Result<size_t> CopyObject(std::string_view text, size_t begin, std::string* out) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = begin; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      out->push_back(c);
      if (c == '\\' && i + 1 < text.size()) {
        out->push_back(text[++i]);
      } else if (c == '"') {
        in_string = false;
      }
      continue;
    }
    if (c == '\n' || c == '\r') continue;  // between tokens, means nothing
    out->push_back(c);
    if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      out->push_back('\n');
      return i + 1;
    }
  }
  return Status::Invalid("JSON object that starts at byte ", begin, " does not end");
}

}  // namespace

Result<std::shared_ptr<arrow::Buffer>> ToJsonLines(std::shared_ptr<arrow::Buffer> buffer) {
  std::string_view text(*buffer);
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  size_t at = text.find_first_not_of(kSpace);
  if (at == std::string_view::npos) return buffer;
  const bool is_array = text[at] == '[';
  std::string out;
  out.reserve(text.size());
  if (is_array) ++at;
  while (true) {
    at = text.find_first_not_of(kSpace, at);
    if (at == std::string_view::npos) {
      if (is_array) return Status::Invalid("JSON array does not end");
      break;
    }
    if (is_array && text[at] == ']') {
      at = text.find_first_not_of(kSpace, at + 1);
      if (at != std::string_view::npos) {
        return Status::Invalid("JSON text goes on after its array, at byte ", at);
      }
      break;
    }
    if (is_array && text[at] == ',' && !out.empty()) {
      ++at;
      continue;
    }
    if (text[at] != '{') {
      return Status::Invalid("expected a JSON object at byte ", at, ", found '", text[at], "'");
    }
    ARROW_ASSIGN_OR_RAISE(at, CopyObject(text, at, &out));
  }
  return arrow::Buffer::FromString(std::move(out));
}

}  // namespace headrace::datasource
