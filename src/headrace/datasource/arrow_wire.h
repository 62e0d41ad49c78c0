// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/type.h>

#include <memory>

#include "headrace/base/status.h"
#include "headrace/base/wire.h"

namespace headrace::datasource {

/// Writes `schema` (nullptr allowed) in Arrow's IPC form.
void WriteSchema(const std::shared_ptr<arrow::Schema>& schema, WireWriter* out);
/// Reads what WriteSchema wrote; a broken message fails.
Result<std::shared_ptr<arrow::Schema>> ReadSchema(WireReader* in);

/// The same for one type.
void WriteType(const std::shared_ptr<arrow::DataType>& type, WireWriter* out);
Result<std::shared_ptr<arrow::DataType>> ReadType(WireReader* in);

}  // namespace headrace::datasource
