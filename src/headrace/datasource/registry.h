// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "headrace/base/status.h"
#include "headrace/datasource.h"

namespace headrace::datasource {

/// The source or sink of `kind` from the bytes of its Serialize(). Every built-in kind is known
/// here; an unknown one fails with KeyError.
Result<DatasourcePtr> DeserializeDatasource(std::string_view kind, std::string_view bytes);
Result<DatasinkPtr> DeserializeDatasink(std::string_view kind, std::string_view bytes);

/// One more kind of sources and sinks, whose code is not in this library.
struct ForeignKind {
  std::string_view name;
  Result<DatasourcePtr> (*source)(std::string_view bytes);
  Result<DatasinkPtr> (*sink)(std::string_view bytes);
};

/// Makes `kind` known to this process. Called once, before any task runs.
void SetForeignKind(ForeignKind kind);

}  // namespace headrace::datasource
