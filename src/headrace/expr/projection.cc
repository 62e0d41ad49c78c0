// SPDX-License-Identifier: Apache-2.0
#include "headrace/expr/projection.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace headrace::expr {
namespace {

Status CheckExists(const std::string& name, const arrow::Schema& schema, const char* what) {
  if (schema.GetFieldIndex(name) >= 0) return Status::OK();
  std::string there;
  for (const auto& field : schema.fields()) {
    if (!there.empty()) there += ", ";
    there += "'" + field->name() + "'";
  }
  return Status::KeyError("Column '", name, "' to be ", what,
                          " does not exist; there are: ", there);
}

}  // namespace

Result<std::vector<NamedExpr>> Resolve(const Projection& projection, const arrow::Schema& schema) {
  if (!projection.keep_rest) return projection.exprs;
  const std::unordered_set<std::string> dropped(projection.dropped.begin(),
                                                projection.dropped.end());
  const std::unordered_map<std::string, std::string> renamed(projection.renamed.begin(),
                                                             projection.renamed.end());
  for (const auto& name : projection.dropped) {
    ARROW_RETURN_NOT_OK(CheckExists(name, schema, "dropped"));
  }
  for (const auto& [name, _] : projection.renamed) {
    ARROW_RETURN_NOT_OK(CheckExists(name, schema, "renamed"));
  }

  std::vector<NamedExpr> out;
  std::unordered_map<std::string, size_t> position;
  for (const auto& field : schema.fields()) {
    if (dropped.count(field->name()) > 0) continue;
    const auto found = renamed.find(field->name());
    const std::string& name = found == renamed.end() ? field->name() : found->second;
    if (!position.try_emplace(name, out.size()).second) {
      return Status::Invalid("Two columns would be named '", name, "'");
    }
    out.push_back({name, Col(field->name())});
  }
  for (const NamedExpr& named : projection.exprs) {
    const auto [entry, added] = position.try_emplace(named.name, out.size());
    if (added) {
      out.push_back(named);
    } else {
      out[entry->second].expr = named.expr;
    }
  }
  return out;
}

}  // namespace headrace::expr
