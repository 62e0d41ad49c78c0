// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <parquet/metadata.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "headrace/datasource.h"
#include "headrace/datasource/file_columns.h"
#include "headrace/datasource/parquet_files.h"
#include "headrace/expressions.h"

namespace headrace::datasource {

/// What is known of `columns` in all rows of a row group, as a guarantee for expr::CanMatch:
/// bounds from the footer's statistics, values of the path. Invalid when nothing is known.
/// Statistics leave NaN out; bounds of float columns are therefore used only when `filter` consists
/// of calls that are never true for NaN.
Expr RowGroupGuarantee(const ParquetFooter& footer, int row_group,
                       const std::vector<std::string>& columns,
                       const std::vector<FileColumn>& file_columns, const Expr& filter);

/// Exact summary of field `field` (top level) of a row group, as `type`; nullopt when the footer
/// does not tell: statistics are missing or may be cut (text), there may be nothing but NaN, or
/// a bound is a zero of unknown sign.
std::optional<ColumnSummary> SummarizeRowGroup(const ParquetFooter& footer, int row_group,
                                               int field,
                                               const std::shared_ptr<arrow::DataType>& type);

/// Bytes in memory of field `field` (top level) of a row group, nested leaves included. Exact for
/// fixed-width columns, else from the footer's size statistics or the encoded size.
int64_t EstimateColumnBytes(const ParquetFooter& footer, int row_group, int field);

}  // namespace headrace::datasource
