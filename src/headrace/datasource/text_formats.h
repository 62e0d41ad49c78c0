// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "headrace/base/status.h"
#include "headrace/datasource.h"

namespace headrace::datasource {

/// Read back the sources and sinks that their Serialize() wrote; see file_options.h for how they
/// are made.
Result<DatasourcePtr> DeserializeCsvDatasource(std::string_view bytes);
Result<DatasourcePtr> DeserializeJsonDatasource(std::string_view bytes);
Result<DatasourcePtr> DeserializeTextDatasource(std::string_view bytes);
Result<DatasourcePtr> DeserializeBinaryDatasource(std::string_view bytes);
Result<DatasourcePtr> DeserializeNumpyDatasource(std::string_view bytes);

Result<DatasinkPtr> DeserializeCsvDatasink(std::string_view bytes);
Result<DatasinkPtr> DeserializeJsonDatasink(std::string_view bytes);
Result<DatasinkPtr> DeserializeNumpyDatasink(std::string_view bytes);

}  // namespace headrace::datasource
