// SPDX-License-Identifier: Apache-2.0
#include "headrace/plan/rules/limit_pushdown.h"

#include <algorithm>

#include "headrace/plan/operators.h"
#include "headrace/plan/shuffle_operators.h"

namespace headrace::plan {
namespace {

bool KeepsEachRow(const LogicalOperatorPtr& node) {
  if (const auto* map = As<Map>(node)) return !map->may_change_row_count();
  return As<Project>(node) != nullptr || As<StreamingRepartition>(node) != nullptr;
}

bool IsLimitedTo(const LogicalOperatorPtr& node, int64_t rows) {
  if (const auto* limit = As<Limit>(node)) return limit->rows() <= rows;
  return KeepsEachRow(node) && IsLimitedTo(node->input(), rows);
}

LogicalOperatorPtr IntoUnion(const LogicalOperatorPtr& node, const Limit& limit,
                             const Union& unite) {
  std::vector<LogicalOperatorPtr> branches;
  bool changed = false;
  for (const LogicalOperatorPtr& branch : unite.inputs()) {
    if (IsLimitedTo(branch, limit.rows()) || As<InputData>(branch) != nullptr) {
      branches.push_back(branch);
    } else {
      branches.push_back(std::make_shared<Limit>(branch, limit.rows()));
      changed = true;
    }
  }
  return changed ? limit.WithInputs({unite.WithInputs(std::move(branches))}) : node;
}

}  // namespace

Result<LogicalOperatorPtr> LimitPushdown::Rewrite(LogicalOperatorPtr node) const {
  const auto* limit = As<Limit>(node);
  if (limit == nullptr) return node;
  const LogicalOperatorPtr& input = node->input();
  if (const auto* read = As<Read>(input)) {
    if (read->limit_rows() >= 0 && read->limit_rows() <= limit->rows()) return node;
    return limit->WithInputs({std::make_shared<Read>(read->source(), read->override_num_blocks(),
                                                     read->options(), limit->rows())});
  }
  if (const auto* sort = As<Sort>(input)) {
    if (sort->limit_rows() >= 0 && sort->limit_rows() <= limit->rows()) return node;
    return limit->WithInputs({std::make_shared<Sort>(input->input(), sort->columns(),
                                                     sort->boundaries(), limit->rows())});
  }
  if (const auto* unite = As<Union>(input)) return IntoUnion(node, *limit, *unite);
  if (KeepsEachRow(input)) return input->WithInputs({limit->WithInputs({input->input()})});
  return node;
}

}  // namespace headrace::plan
