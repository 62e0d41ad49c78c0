// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/base/wire.h"
#include "headrace/datasource/file_options.h"

namespace headrace::datasource {

/// The columns of a file that are read: nullopt for all of them.
using ColumnChoice = std::optional<std::vector<std::string>>;

/// Whether a source that gives whole columns of its files can leave the reading of others out.
/// Columns of the path are made elsewhere, and a row without columns has no length.
bool CanChooseColumns(const FileReadOptions& files, const std::vector<std::string>& columns);

/// Positions of `columns` in `schema`, ascending. Fails with KeyError naming a missing column and
/// those that there are.
Result<std::vector<int>> FieldIndices(const arrow::Schema& schema,
                                      const std::vector<std::string>& columns);

/// The fields of `choice`, in its order, without metadata.
Result<std::shared_ptr<arrow::Schema>> ChosenSchema(const arrow::Schema& schema,
                                                    const ColumnChoice& choice);

/// `batch` with `columns` in that order.
Result<std::shared_ptr<arrow::RecordBatch>> SelectInOrder(const arrow::RecordBatch& batch,
                                                          const std::vector<std::string>& columns);

void WriteColumns(const ColumnChoice& choice, WireWriter* out);
ColumnChoice ReadColumns(WireReader* in);

}  // namespace headrace::datasource
