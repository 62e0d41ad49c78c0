// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "headrace/base/status.h"
#include "headrace/datasource.h"

namespace headrace::datasource {

/// Read back the sources and sinks of formats that hold one record or sample per row, which their
/// Serialize() wrote; see file_options.h for how they are made.
Result<DatasourcePtr> DeserializeTfrecordDatasource(std::string_view bytes);
Result<DatasourcePtr> DeserializeWebDatasetDatasource(std::string_view bytes);

Result<DatasinkPtr> DeserializeTfrecordDatasink(std::string_view bytes);
Result<DatasinkPtr> DeserializeWebDatasetDatasink(std::string_view bytes);

}  // namespace headrace::datasource
