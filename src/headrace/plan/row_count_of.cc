// SPDX-License-Identifier: Apache-2.0
#include "headrace/plan/row_count_of.h"

#include <algorithm>
#include <unordered_set>

#include "headrace/datasource/files_source.h"
#include "headrace/plan/operators.h"
#include "headrace/plan/shuffle_operators.h"

namespace headrace::plan {
namespace {

using Count64 = std::optional<int64_t>;

// Sum over the inputs of `node`; nullopt when one of them is unknown.
Result<Count64> SumOverInputs(const LogicalOperator& node,
                              Result<Count64> (*of)(const LogicalOperatorPtr&)) {
  int64_t sum = 0;
  for (const LogicalOperatorPtr& input : node.inputs()) {
    ARROW_ASSIGN_OR_RAISE(Count64 count, of(input));
    if (!count.has_value()) return std::nullopt;
    sum += *count;
  }
  return sum;
}

// Running it tells the user when the inputs differ.
Result<Count64> OfZip(const LogicalOperator& zip) {
  Count64 rows;
  for (const LogicalOperatorPtr& input : zip.inputs()) {
    ARROW_ASSIGN_OR_RAISE(const Count64 of_input, RowCountOf(input));
    if (!of_input.has_value() || rows.value_or(*of_input) != *of_input) return std::nullopt;
    rows = of_input;
  }
  return rows;
}

Result<Count64> SizeOfLimit(const Limit& limit) {
  ARROW_ASSIGN_OR_RAISE(Count64 bytes, SizeEstimateOf(limit.input()));
  ARROW_ASSIGN_OR_RAISE(Count64 rows, RowCountOf(limit.input()));
  if (!bytes.has_value() || !rows.has_value() || *rows <= limit.rows()) return bytes;
  return static_cast<int64_t>(static_cast<double>(*bytes) * static_cast<double>(limit.rows()) /
                              static_cast<double>(*rows));
}

Status CollectFiles(const LogicalOperatorPtr& node, std::unordered_set<std::string>* seen,
                    std::vector<std::string>* out) {
  if (const auto* read = As<Read>(node)) {
    ARROW_ASSIGN_OR_RAISE(auto files, datasource::AllInputFiles(*read->source()));
    for (std::string& file : files) {
      if (seen->insert(file).second) out->push_back(std::move(file));
    }
  }
  for (const LogicalOperatorPtr& input : node->inputs()) {
    ARROW_RETURN_NOT_OK(CollectFiles(input, seen, out));
  }
  return Status::OK();
}

}  // namespace

Result<Count64> RowCountOf(const LogicalOperatorPtr& root) {
  if (const auto* read = As<Read>(root)) return read->source()->CountRows();
  if (const auto* data = As<InputData>(root)) return data->num_rows();
  if (const auto* limit = As<Limit>(root)) {
    if (limit->rows() == 0) return 0;
    ARROW_ASSIGN_OR_RAISE(Count64 rows, RowCountOf(limit->input()));
    if (!rows.has_value()) return std::nullopt;
    return std::min(*rows, limit->rows());
  }
  const auto* map = As<Map>(root);
  const bool keeps_rows = (map != nullptr && !map->may_change_row_count()) || As<Project>(root) ||
                          As<Union>(root) || As<Repartition>(root) ||
                          As<StreamingRepartition>(root) || As<HashRepartition>(root) ||
                          As<RandomShuffle>(root) || As<RandomizeBlockOrder>(root);
  if (const auto* sort = As<Sort>(root)) {
    ARROW_ASSIGN_OR_RAISE(Count64 rows, RowCountOf(root->input()));
    if (!rows.has_value() || sort->limit_rows() < 0) return rows;
    return std::min(*rows, sort->limit_rows());
  }
  if (As<Zip>(root) != nullptr) return OfZip(*root);
  if (keeps_rows) return SumOverInputs(*root, RowCountOf);
  return std::nullopt;
}

Result<Count64> SizeEstimateOf(const LogicalOperatorPtr& root) {
  if (const auto* read = As<Read>(root)) return read->source()->EstimateBytes();
  if (const auto* data = As<InputData>(root)) return data->size_bytes();
  if (const auto* limit = As<Limit>(root)) return SizeOfLimit(*limit);
  return SumOverInputs(*root, SizeEstimateOf);
}

Result<std::vector<std::string>> InputFilesOf(const LogicalOperatorPtr& root) {
  std::unordered_set<std::string> seen;
  std::vector<std::string> files;
  ARROW_RETURN_NOT_OK(CollectFiles(root, &seen, &files));
  return files;
}

}  // namespace headrace::plan
