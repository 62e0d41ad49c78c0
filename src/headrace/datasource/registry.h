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

}  // namespace headrace::datasource
