// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/parquet_page_index.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/expression.h>
#include <parquet/page_index.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>

#include "headrace/block.h"
#include "headrace/datasource/flat_column.h"
#include "headrace/expr/evaluate.h"

namespace headrace::datasource {
namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;

/// The pages of a column chunk.
struct Pages {
  std::vector<int64_t> first_rows;  // and one more: the rows of the row group
  std::vector<bool> only_nulls;
  // As the column is read. Meaningless for pages of nulls, and NaN where the writer let it be one.
  ArrayPtr least;
  ArrayPtr largest;

  size_t size() const { return only_nulls.size(); }
};

template <typename T>
Result<ArrayPtr> ToArray(const std::vector<T>& values, const std::shared_ptr<arrow::DataType>& type,
                         arrow::MemoryPool* pool) {
  if constexpr (std::is_same_v<T, parquet::ByteArray>) {
    arrow::BinaryBuilder builder(pool);
    for (const T& value : values) {
      ARROW_RETURN_NOT_OK(builder.Append(value.ptr, static_cast<int32_t>(value.len)));
    }
    ARROW_ASSIGN_OR_RAISE(const ArrayPtr binary, builder.Finish());
    return binary->View(type);
  } else {
    const auto size = static_cast<int64_t>(values.size());
    return arrow::MakeArray(
        arrow::ArrayData::Make(type, size, {nullptr, arrow::Buffer::FromVector(values)}, 0));
  }
}

template <typename Physical>
Status ReadBounds(const parquet::ColumnIndex& index, const std::shared_ptr<arrow::DataType>& type,
                  arrow::MemoryPool* pool, Pages* pages) {
  const auto& typed = dynamic_cast<const parquet::TypedColumnIndex<Physical>&>(index);
  ARROW_RETURN_NOT_OK(ToArray(typed.min_values(), type, pool).Value(&pages->least));
  return ToArray(typed.max_values(), type, pool).Value(&pages->largest);
}

Status ReadBounds(const parquet::ColumnDescriptor& column, const parquet::ColumnIndex& index,
                  const std::shared_ptr<arrow::DataType>& type, arrow::MemoryPool* pool,
                  Pages* pages) {
  switch (column.physical_type()) {
    case parquet::Type::INT32:
      return ReadBounds<parquet::Int32Type>(index, type, pool, pages);
    case parquet::Type::INT64:
      return ReadBounds<parquet::Int64Type>(index, type, pool, pages);
    case parquet::Type::FLOAT:
      return ReadBounds<parquet::FloatType>(index, type, pool, pages);
    case parquet::Type::DOUBLE:
      return ReadBounds<parquet::DoubleType>(index, type, pool, pages);
    default:
      return ReadBounds<parquet::ByteArrayType>(index, type, pool, pages);
  }
}

bool IsNan(const arrow::Array& values, int64_t i) {
  if (values.type_id() == arrow::Type::DOUBLE) {
    return std::isnan(static_cast<const arrow::DoubleArray&>(values).Value(i));
  }
  if (values.type_id() == arrow::Type::FLOAT) {
    return std::isnan(static_cast<const arrow::FloatArray&>(values).Value(i));
  }
  return false;
}

/// A comparison of a column with a literal, the column on the left.
struct Comparison {
  std::string column;
  std::string function;
  Expr literal;
};

std::optional<Comparison> AsComparison(const arrow::compute::Expression::Call& call) {
  static const std::map<std::string, std::string> kTurned = {{"equal", "equal"},
                                                             {"less", "greater"},
                                                             {"less_equal", "greater_equal"},
                                                             {"greater", "less"},
                                                             {"greater_equal", "less_equal"}};
  const auto turned = kTurned.find(call.function_name);
  if (turned == kTurned.end() || call.arguments.size() != 2) return std::nullopt;
  const Expr left(call.arguments[0]);
  const Expr right(call.arguments[1]);
  const auto is_literal = [](const Expr& side) {
    return side.arrow().literal() != nullptr && side.arrow().literal()->is_scalar();
  };
  if (!left.ColumnName().empty() && is_literal(right)) {
    return Comparison{left.ColumnName(), turned->first, right};
  }
  if (!right.ColumnName().empty() && is_literal(left)) {
    return Comparison{right.ColumnName(), turned->second, left};
  }
  return std::nullopt;
}

class PageIndexFilter {
 public:
  PageIndexFilter(parquet::ParquetFileReader* reader, const ParquetFooter& footer, int row_group,
                  arrow::MemoryPool* pool)
      : reader_(reader),
        footer_(footer),
        row_group_(row_group),
        num_rows_(footer.metadata->RowGroup(row_group)->num_rows()),
        pool_(pool) {}

  Result<RowRanges> Match(const arrow::compute::Expression& filter) {
    const auto* call = filter.call();
    if (call == nullptr) return RowRanges(num_rows_);
    const std::string& function = call->function_name;
    const bool is_and = function == "and_kleene" || function == "and";
    if (is_and || function == "or_kleene" || function == "or") {
      ARROW_ASSIGN_OR_RAISE(const RowRanges left, Match(call->arguments[0]));
      ARROW_ASSIGN_OR_RAISE(const RowRanges right, Match(call->arguments[1]));
      return is_and ? left.Intersect(right) : left.Unite(right);
    }
    const auto comparison = AsComparison(*call);
    return comparison ? MatchComparison(*comparison) : RowRanges(num_rows_);
  }

 private:
  Result<RowRanges> MatchComparison(const Comparison& comparison) {
    ARROW_ASSIGN_OR_RAISE(const Pages* const pages, PagesOf(comparison.column));
    if (pages == nullptr) return RowRanges(num_rows_);
    // Some row may be less when the least one is, and equal when the literal is between the bounds.
    std::vector<bool> can_match(pages->size(), true);
    const std::string& function = comparison.function;
    if (!function.starts_with("greater")) {
      Compare(comparison, function == "equal" ? "less_equal" : function, pages->least, &can_match);
    }
    if (!function.starts_with("less")) {
      Compare(comparison, function == "equal" ? "greater_equal" : function, pages->largest,
              &can_match);
    }
    RowRanges rows;
    for (size_t page = 0; page < pages->size(); ++page) {
      if (!can_match[page] || pages->only_nulls[page]) continue;
      rows.Add(pages->first_rows[page], pages->first_rows[page + 1]);
    }
    return rows;
  }

  /// Clears the pages whose bound does not compare as asked.
  void Compare(const Comparison& comparison, const std::string& function, const ArrayPtr& bound,
               std::vector<bool>* can_match) const {
    const Block block(arrow::RecordBatch::Make(
        arrow::schema({arrow::field(comparison.column, bound->type())}), bound->length(), {bound}));
    const auto answers =
        expr::Evaluate(Call(function, {Col(comparison.column), comparison.literal}), block, pool_);
    // What cannot be compared is an error that the rows will meet.
    if (!answers.ok() || (*answers)->type_id() != arrow::Type::BOOL) return;
    const auto& are_true = static_cast<const arrow::BooleanArray&>(**answers);
    for (int64_t page = 0; page < bound->length(); ++page) {
      const bool holds = are_true.IsValid(page) && are_true.Value(page);
      if (!holds && !IsNan(*bound, page)) (*can_match)[page] = false;
    }
  }

  /// nullptr: not known.
  Result<const Pages*> PagesOf(const std::string& column) {
    const auto [it, is_new] = pages_.try_emplace(column);
    if (is_new) ARROW_RETURN_NOT_OK(ReadPages(column).Value(&it->second));
    return it->second.has_value() ? &*it->second : nullptr;
  }

  Result<std::optional<Pages>> ReadPages(const std::string& name) {
    const int field = footer_.schema->GetFieldIndex(name);
    if (field < 0 || footer_.metadata->is_encryption_algorithm_set()) return std::nullopt;
    const auto [leaf, end] = footer_.leaves[field];
    const auto& column = *footer_.metadata->schema()->Column(leaf);
    const auto& type = footer_.schema->field(field)->type();
    if (end != leaf + 1 || !IsFlatType(column, *type) ||
        column.column_order().get_order() != parquet::ColumnOrder::TYPE_DEFINED_ORDER) {
      return std::nullopt;
    }
    const auto chunk = footer_.metadata->RowGroup(row_group_)->ColumnChunk(leaf);
    if (!chunk->GetColumnIndexLocation() || !chunk->GetOffsetIndexLocation()) return std::nullopt;
    if (index_ == nullptr) index_ = reader_->GetPageIndexReader()->RowGroup(row_group_);
    const auto bounds = index_->GetColumnIndex(leaf);
    const auto offsets = index_->GetOffsetIndex(leaf);
    if (bounds == nullptr || offsets == nullptr) return std::nullopt;

    Pages pages;
    pages.only_nulls = bounds->null_pages();
    for (const auto& page : offsets->page_locations()) {
      pages.first_rows.push_back(page.first_row_index);
    }
    pages.first_rows.push_back(num_rows_);
    ARROW_RETURN_NOT_OK(ReadBounds(column, *bounds, type, pool_, &pages));
    const auto num_pages = static_cast<int64_t>(pages.size());
    if (static_cast<int64_t>(offsets->page_locations().size()) != num_pages ||
        pages.least->length() != num_pages || pages.largest->length() != num_pages ||
        pages.first_rows.front() != 0 ||
        !std::is_sorted(pages.first_rows.begin(), pages.first_rows.end())) {
      return Status::Invalid("the page index of column '", name, "' contradicts itself");
    }
    return pages;
  }

  parquet::ParquetFileReader* const reader_;
  const ParquetFooter& footer_;
  const int row_group_;
  const int64_t num_rows_;
  arrow::MemoryPool* const pool_;
  std::shared_ptr<parquet::RowGroupPageIndexReader> index_;
  std::map<std::string, std::optional<Pages>> pages_;  // by column
};

}  // namespace

Result<RowRanges> RowsThatCanMatch(const Expr& filter, parquet::ParquetFileReader* reader,
                                   const ParquetFooter& footer, int row_group,
                                   arrow::MemoryPool* pool) {
  return PageIndexFilter(reader, footer, row_group, pool).Match(filter.arrow());
}

}  // namespace headrace::datasource
