// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/row_selection.h"

#include <arrow/array/array_dict.h>
#include <arrow/array/array_primitive.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>

#include "headrace/datasource/dictionary_strings.h"
#include "headrace/expr/evaluate.h"

namespace headrace::datasource {
namespace {

const arrow::DictionaryArray* AsDictionary(const arrow::Array& column) {
  if (column.type_id() != arrow::Type::DICTIONARY) return nullptr;
  const auto& dictionary = static_cast<const arrow::DictionaryArray&>(column);
  return dictionary.indices()->type_id() == arrow::Type::INT32 ? &dictionary : nullptr;
}

bool IsTrue(const arrow::BooleanArray& answers, int64_t i) {
  return answers.IsValid(i) && answers.Value(i);
}

Result<std::shared_ptr<arrow::BooleanArray>> EvaluateMask(const Expr& expr, const Block& block,
                                                          arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto answers, expr::Evaluate(expr, block, pool));
  if (answers->type_id() == arrow::Type::NA) {
    ARROW_ASSIGN_OR_RAISE(answers,
                          arrow::MakeArrayOfNull(arrow::boolean(), answers->length(), pool));
  }
  if (answers->type_id() != arrow::Type::BOOL) {
    return Status::TypeError("filter ", expr.ToString(), " gives ", answers->type()->ToString(),
                             ", not bool");
  }
  return std::static_pointer_cast<arrow::BooleanArray>(answers);
}

/// Clears mask bytes of the rows whose dictionary value does not satisfy `expr`.
Status MaskByDictionary(const Expr& expr, const std::string& name,
                        const arrow::DictionaryArray& column, std::vector<uint8_t>* mask,
                        arrow::MemoryPool* pool) {
  // One entry more than the dictionary: null, at the end.
  ARROW_ASSIGN_OR_RAISE(const auto null,
                        arrow::MakeArrayOfNull(column.dictionary()->type(), 1, pool));
  ARROW_ASSIGN_OR_RAISE(auto values, arrow::Concatenate({column.dictionary(), null}, pool));
  const int64_t num_values = values->length();
  const Block block(arrow::RecordBatch::Make(arrow::schema({arrow::field(name, values->type())}),
                                             num_values, {values}));
  ARROW_ASSIGN_OR_RAISE(const auto answers, EvaluateMask(expr, block, pool));
  std::vector<uint8_t> keep(num_values);
  for (int64_t i = 0; i < num_values; ++i) keep[i] = IsTrue(*answers, i) ? 1 : 0;

  const auto& indices = static_cast<const arrow::Int32Array&>(*column.indices());
  const int32_t* index = indices.raw_values();
  uint8_t* out = mask->data();
  const int64_t num_rows = column.length();
  if (column.null_count() == 0) {
    for (int64_t row = 0; row < num_rows; ++row) out[row] &= keep[index[row]];
  } else {
    for (int64_t row = 0; row < num_rows; ++row) {
      out[row] &= keep[column.IsNull(row) ? num_values - 1 : index[row]];
    }
  }
  return Status::OK();
}

Status MaskByValue(const Expr& expr, const Block& block, std::vector<uint8_t>* mask,
                   arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(const auto answers, EvaluateMask(expr, block, pool));
  uint8_t* out = mask->data();
  for (int64_t row = 0; row < block.num_rows(); ++row) out[row] &= IsTrue(*answers, row) ? 1 : 0;
  return Status::OK();
}

RowSelection FromMask(const std::vector<uint8_t>& mask) {
  RowSelection selection;
  selection.num_rows = static_cast<int64_t>(mask.size());
  selection.rows.resize(mask.size());
  int32_t* out = selection.rows.data();
  // Without a branch: a filter that keeps half of the rows would be mispredicted half of the time.
  for (size_t row = 0; row < mask.size(); ++row) {
    *out = static_cast<int32_t>(row);
    out += mask[row];
  }
  selection.rows.resize(out - selection.rows.data());
  selection.all = selection.rows.size() == mask.size();
  return selection;
}

}  // namespace

RowSelection SelectWithin(const RowSelection& outer, RowSelection inner) {
  if (outer.all) return inner;
  if (inner.all) return outer;
  for (int32_t& row : inner.rows) row = outer.rows[row];
  inner.num_rows = outer.num_rows;
  return inner;
}

RowFilter::RowFilter(const Expr& filter) {
  if (!filter.valid()) return;
  for (Expr& expr : expr::SplitConjunction(filter)) {
    auto columns = expr.Columns();
    conjuncts_.push_back({std::move(expr), std::move(columns)});
  }
}

Result<RowSelection> RowFilter::Select(const Block& block, arrow::MemoryPool* pool) const {
  RowSelection selection;
  selection.num_rows = block.num_rows();
  if (conjuncts_.empty()) return selection;
  std::vector<uint8_t> mask(block.num_rows(), 1);
  std::vector<const Conjunct*> by_value;
  for (const Conjunct& conjunct : conjuncts_) {
    std::shared_ptr<arrow::Array> column;
    if (conjunct.columns.size() == 1) {
      column = block.batch()->GetColumnByName(conjunct.columns.front());
    }
    const auto* dictionary = column == nullptr ? nullptr : AsDictionary(*column);
    // A dictionary with more values than rows would make more work, not less.
    if (dictionary != nullptr && dictionary->dictionary()->length() <= block.num_rows()) {
      ARROW_RETURN_NOT_OK(
          MaskByDictionary(conjunct.expr, conjunct.columns.front(), *dictionary, &mask, pool));
    } else {
      by_value.push_back(&conjunct);
    }
  }
  if (!by_value.empty()) {
    arrow::FieldVector fields;
    arrow::ArrayVector arrays;
    for (const Conjunct* conjunct : by_value) {
      for (const std::string& name : conjunct->columns) {
        bool known = false;
        for (const auto& field : fields) known = known || field->name() == name;
        const auto column = block.batch()->GetColumnByName(name);
        if (known || column == nullptr) continue;
        ARROW_ASSIGN_OR_RAISE(auto plain, ExpandDictionary(column, pool));
        fields.push_back(arrow::field(name, plain->type()));
        arrays.push_back(std::move(plain));
      }
    }
    const Block plain_block(arrow::RecordBatch::Make(arrow::schema(std::move(fields)),
                                                     block.num_rows(), std::move(arrays)));
    for (const Conjunct* conjunct : by_value) {
      ARROW_RETURN_NOT_OK(MaskByValue(conjunct->expr, plain_block, &mask, pool));
    }
  }
  return FromMask(mask);
}

Result<std::shared_ptr<arrow::Array>> TakeRows(const std::shared_ptr<arrow::Array>& column,
                                               const RowSelection& selection,
                                               arrow::MemoryPool* pool) {
  if (selection.all) return column;
  const arrow::Int32Array rows(selection.size(), arrow::Buffer::Wrap(selection.rows));
  arrow::compute::ExecContext context(pool);
  return arrow::compute::Take(*column, rows, arrow::compute::TakeOptions::NoBoundsCheck(),
                              &context);
}

Result<std::shared_ptr<arrow::Array>> ExpandDictionary(const std::shared_ptr<arrow::Array>& column,
                                                       arrow::MemoryPool* pool) {
  if (column->type_id() != arrow::Type::DICTIONARY) return column;
  const auto* dictionary = AsDictionary(*column);
  if (dictionary != nullptr && IsStringDictionary(*dictionary)) {
    return ExpandStrings(*dictionary, pool);
  }
  const auto& any = static_cast<const arrow::DictionaryArray&>(*column);
  arrow::compute::ExecContext context(pool);
  return arrow::compute::Take(*any.dictionary(), *any.indices(),
                              arrow::compute::TakeOptions::NoBoundsCheck(), &context);
}

}  // namespace headrace::datasource
