// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "headrace/base/status.h"
#include "headrace/datasource.h"

namespace headrace::datasource {

/// Reads back the Parquet sink that was serialized; see MakeParquetDatasink in file_options.h.
Result<DatasinkPtr> DeserializeParquetDatasink(std::string_view bytes);

}  // namespace headrace::datasource
