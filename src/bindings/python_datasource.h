// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "bindings/python_object.h"
#include "headrace/base/status.h"
#include "headrace/datasource.h"

namespace headrace::bindings {

/// Kind of the sources and sinks that are written in Python.
inline constexpr std::string_view kPythonKind = "python";

/// Rows of a headrace.data.Datasource. `source` is a headrace.data._custom_read.PlannedSource,
/// asked in the driver; a read task is a pickled function, called in a worker.
DatasourcePtr MakePythonDatasource(nb::object source);
/// What a worker needs of it: only Open() works there.
Result<DatasourcePtr> DeserializePythonDatasource(std::string_view bytes);

}  // namespace headrace::bindings
