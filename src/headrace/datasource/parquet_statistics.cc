// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/parquet_statistics.h"

#include <arrow/compute/cast.h>
#include <parquet/arrow/reader.h>
#include <parquet/size_statistics.h>
#include <parquet/statistics.h>

#include <algorithm>
#include <cmath>

namespace headrace::datasource {
namespace {

// In-memory bytes of a dictionary-encoded string when the footer does not tell.
constexpr int64_t kGuessedStringBytes = 16;

void Add(Expr conjunct, Expr* guarantee) {
  *guarantee = guarantee->valid() ? (*guarantee && conjunct) : std::move(conjunct);
}

bool IsNan(const arrow::Scalar& scalar) {
  if (scalar.type->id() == arrow::Type::DOUBLE) {
    return std::isnan(static_cast<const arrow::DoubleScalar&>(scalar).value);
  }
  if (scalar.type->id() == arrow::Type::FLOAT) {
    return std::isnan(static_cast<const arrow::FloatScalar&>(scalar).value);
  }
  return false;
}

/// Writers put -0.0 for a least and 0.0 for a largest value of either.
bool IsZero(const arrow::Scalar& scalar) {
  if (scalar.type->id() == arrow::Type::DOUBLE) {
    return static_cast<const arrow::DoubleScalar&>(scalar).value == 0;
  }
  if (scalar.type->id() == arrow::Type::FLOAT) {
    return static_cast<const arrow::FloatScalar&>(scalar).value == 0;
  }
  return false;
}

bool HoldsNullsOnly(const parquet::Statistics& statistics,
                    const parquet::ColumnChunkMetaData& chunk) {
  return statistics.HasNullCount() && statistics.num_values() == 0 && chunk.num_values() > 0 &&
         statistics.null_count() == chunk.num_values();
}

struct Bounds {
  std::shared_ptr<arrow::Scalar> min;
  std::shared_ptr<arrow::Scalar> max;
};

/// Least and largest value as `type`, NaN left out; nullopt when they are not known.
std::optional<Bounds> BoundsOf(const parquet::Statistics& statistics,
                               const std::shared_ptr<arrow::DataType>& type) {
  Bounds bounds;
  if (!statistics.HasMinMax() ||
      !parquet::arrow::StatisticsAsScalars(statistics, &bounds.min, &bounds.max).ok()) {
    return std::nullopt;
  }
  for (auto* bound : {&bounds.min, &bounds.max}) {
    if (*bound == nullptr || !(*bound)->is_valid || IsNan(**bound)) return std::nullopt;
    if ((*bound)->type->Equals(*type)) continue;
    auto cast = arrow::compute::Cast(arrow::Datum(*bound), type);
    if (!cast.ok()) return std::nullopt;
    *bound = cast->scalar();
  }
  return bounds;
}

void AddBounds(const parquet::ColumnChunkMetaData& chunk, const arrow::Field& field,
               Expr* guarantee) {
  if (!chunk.is_stats_set()) return;
  const auto statistics = chunk.statistics();
  if (statistics == nullptr) return;
  const Expr column = Col(field.name());
  if (HoldsNullsOnly(*statistics, chunk)) {
    Add(Call("is_null", {column}), guarantee);
    return;
  }
  auto known = BoundsOf(*statistics, field.type());
  if (!known) return;
  Expr bounds = (Lit(std::move(known->min)) <= column) && (column <= Lit(std::move(known->max)));
  // A null makes a comparison null, not false: say that nulls may be there.
  if (!statistics->HasNullCount() || statistics->null_count() > 0) {
    bounds = bounds || Call("is_null", {column});
  }
  Add(std::move(bounds), guarantee);
}

/// True when each call in `expression` is one that has no true result for NaN operands.
bool IsFalseForNan(const arrow::compute::Expression& expression) {
  const auto* call = expression.call();
  if (call == nullptr) return true;
  static constexpr std::string_view kSafe[] = {
      "and",  "and_kleene", "or",      "or_kleene",     "equal",
      "less", "less_equal", "greater", "greater_equal", "cast"};
  if (std::find(std::begin(kSafe), std::end(kSafe), call->function_name) == std::end(kSafe)) {
    return false;
  }
  return std::all_of(call->arguments.begin(), call->arguments.end(), IsFalseForNan);
}

int FixedWidth(const parquet::ColumnDescriptor& column) {
  switch (column.physical_type()) {
    case parquet::Type::BOOLEAN:
      return 1;
    case parquet::Type::INT32:
    case parquet::Type::FLOAT:
      return 4;
    case parquet::Type::INT64:
    case parquet::Type::DOUBLE:
    case parquet::Type::INT96:
      return 8;
    case parquet::Type::FIXED_LEN_BYTE_ARRAY:
      return column.type_length();
    default:
      return 0;
  }
}

}  // namespace

Expr RowGroupGuarantee(const ParquetFooter& footer, int row_group,
                       const std::vector<std::string>& columns,
                       const std::vector<FileColumn>& file_columns, const Expr& filter) {
  Expr guarantee;
  const bool floats_too = IsFalseForNan(filter.arrow());
  const auto metadata = footer.metadata->RowGroup(row_group);
  for (const std::string& name : columns) {
    const int field = footer.schema->GetFieldIndex(name);
    if (field >= 0) {
      const auto [begin, end] = footer.leaves[field];
      if (end != begin + 1) continue;
      if (footer.metadata->schema()->Column(begin)->max_repetition_level() > 0) continue;
      const auto type = footer.schema->field(field)->type()->id();
      if (arrow::is_nested(type) || (arrow::is_floating(type) && !floats_too)) continue;
      AddBounds(*metadata->ColumnChunk(begin), *footer.schema->field(field), &guarantee);
      continue;
    }
    for (const FileColumn& column : file_columns) {
      if (column.name != name) continue;
      Add(column.value->is_valid ? Col(name) == Lit(column.value) : Call("is_null", {Col(name)}),
          &guarantee);
    }
  }
  return guarantee;
}

std::optional<ColumnSummary> SummarizeRowGroup(const ParquetFooter& footer, int row_group,
                                               int field,
                                               const std::shared_ptr<arrow::DataType>& type) {
  const auto [begin, end] = footer.leaves[field];
  const auto& column = *footer.metadata->schema()->Column(begin);
  const bool is_number = arrow::is_integer(type->id()) || arrow::is_floating(type->id()) ||
                         arrow::is_temporal(type->id()) || type->id() == arrow::Type::BOOL;
  if (end != begin + 1 || column.max_repetition_level() > 0 || !is_number) return std::nullopt;
  const auto chunk = footer.metadata->RowGroup(row_group)->ColumnChunk(begin);
  const auto statistics = chunk->is_stats_set() ? chunk->statistics() : nullptr;
  if (statistics == nullptr || !statistics->HasNullCount()) return std::nullopt;
  ColumnSummary summary;
  summary.num_rows = chunk->num_values();  // nulls included
  summary.num_nulls = statistics->null_count();
  if (summary.num_nulls == summary.num_rows) return summary;
  auto bounds = BoundsOf(*statistics, type);
  if (!bounds || IsZero(*bounds->min) || IsZero(*bounds->max)) return std::nullopt;
  summary.min = std::move(bounds->min);
  summary.max = std::move(bounds->max);
  return summary;
}

int64_t EstimateColumnBytes(const ParquetFooter& footer, int row_group, int field) {
  const auto metadata = footer.metadata->RowGroup(row_group);
  const auto [begin, end] = footer.leaves[field];
  int64_t bytes = 0;
  for (int leaf = begin; leaf < end; ++leaf) {
    const auto chunk = metadata->ColumnChunk(leaf);
    const int width = FixedWidth(*footer.metadata->schema()->Column(leaf));
    if (width > 0) {
      bytes += chunk->num_values() * width;
      continue;
    }
    const auto sizes = chunk->size_statistics();
    if (sizes != nullptr && sizes->unencoded_byte_array_data_bytes.has_value()) {
      bytes += *sizes->unencoded_byte_array_data_bytes + 4 * chunk->num_values();
    } else if (chunk->has_dictionary_page()) {
      bytes += std::max(chunk->total_uncompressed_size(),
                        chunk->num_values() * (kGuessedStringBytes + 4));
    } else {
      bytes += chunk->total_uncompressed_size();
    }
  }
  return bytes;
}

}  // namespace headrace::datasource
