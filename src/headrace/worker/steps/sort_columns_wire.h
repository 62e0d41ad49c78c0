// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "headrace/base/wire.h"
#include "headrace/shuffle_options.h"

namespace headrace::worker {

inline void WriteSortColumns(const std::vector<SortColumn>& columns, WireWriter* out) {
  out->U64(columns.size());
  for (const SortColumn& column : columns) {
    out->Str(column.name);
    out->Bool(column.descending);
  }
}

inline std::vector<SortColumn> ReadSortColumns(WireReader* in) {
  std::vector<SortColumn> columns(in->Count());
  for (SortColumn& column : columns) {
    column.name = in->Str();
    column.descending = in->Bool();
  }
  return columns;
}

}  // namespace headrace::worker
