// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "headrace/base/status.h"
#include "headrace/datasource.h"

namespace headrace::datasource {

/// Read back the sources and sinks of binary table formats that their Serialize() wrote; see
/// file_options.h for how they are made.
Result<DatasourcePtr> DeserializeArrowDatasource(std::string_view bytes);
Result<DatasourcePtr> DeserializeOrcDatasource(std::string_view bytes);

Result<DatasinkPtr> DeserializeArrowDatasink(std::string_view bytes);
Result<DatasinkPtr> DeserializeOrcDatasink(std::string_view bytes);

}  // namespace headrace::datasource
