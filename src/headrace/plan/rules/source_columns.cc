// SPDX-License-Identifier: Apache-2.0
#include "headrace/plan/rules/source_columns.h"

#include <algorithm>

namespace headrace::plan {

bool GivesColumns(const Datasource& source, const std::vector<std::string>& columns) {
  if (columns.empty()) return true;
  const auto schema = source.Schema();
  if (!schema.ok()) return false;
  if (*schema == nullptr) return true;  // only reading can tell
  return std::all_of(columns.begin(), columns.end(),
                     [&](const std::string& name) { return (*schema)->GetFieldIndex(name) >= 0; });
}

}  // namespace headrace::plan
