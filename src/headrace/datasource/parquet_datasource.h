// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "headrace/base/status.h"
#include "headrace/datasource.h"

namespace headrace::datasource {

/// Reads back the Parquet source that was serialized; see MakeParquetDatasource in file_options.h.
Result<DatasourcePtr> DeserializeParquetDatasource(std::string_view bytes);

}  // namespace headrace::datasource
