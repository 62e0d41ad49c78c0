// SPDX-License-Identifier: Apache-2.0
#include "headrace/plan/rules/keep_dictionaries.h"

#include <algorithm>

#include "headrace/plan/operators.h"
#include "headrace/plan/schema_of.h"
#include "headrace/plan/shuffle_operators.h"

namespace headrace::plan {
namespace {

bool IsText(const arrow::Schema& schema, const std::string& column) {
  const auto field = schema.GetFieldByName(column);
  return field == nullptr || arrow::is_base_binary_like(field->type()->id());
}

/// True when `project` hands text columns on as they are, without computing anything from them.
bool OnlyPassesText(const Project& project, const arrow::Schema& schema) {
  return std::all_of(project.exprs().begin(), project.exprs().end(), [&](const auto& named) {
    if (!named.expr.ColumnName().empty()) return true;
    const auto columns = named.expr.Columns();
    return std::none_of(columns.begin(), columns.end(),
                        [&](const auto& column) { return IsText(schema, column); });
  });
}

/// `node` over a source that keeps dictionaries; nullptr when that cannot be.
Result<LogicalOperatorPtr> Keep(const LogicalOperatorPtr& node) {
  if (const auto* read = As<Read>(node)) {
    auto source = read->source()->WithDictionaries();
    if (source == nullptr) return nullptr;
    return std::make_shared<Read>(std::move(source), read->override_num_blocks(), read->options(),
                                  read->limit_rows());
  }
  if (As<Join>(node) != nullptr) {
    // Partitioned sides become text again, a broadcast one keeps its codes.
    std::vector<LogicalOperatorPtr> sides;
    bool keeps_any = false;
    for (const LogicalOperatorPtr& side : node->inputs()) {
      ARROW_ASSIGN_OR_RAISE(auto kept, Keep(side));
      keeps_any |= kept != nullptr;
      sides.push_back(kept != nullptr ? std::move(kept) : side);
    }
    return keeps_any ? node->WithInputs(std::move(sides)) : nullptr;
  }
  const auto* project = As<Project>(node);
  if (project == nullptr) return nullptr;
  ARROW_ASSIGN_OR_RAISE(const auto schema, SchemaOf(project->input()));
  if (schema == nullptr || !OnlyPassesText(*project, *schema)) return nullptr;
  ARROW_ASSIGN_OR_RAISE(auto input, Keep(project->input()));
  if (input == nullptr) return nullptr;
  return node->WithInputs({std::move(input)});
}

/// Text is what it groups by, and it aggregates none.
Result<bool> HasTextKeysOnly(const GroupAggregate& group) {
  ARROW_ASSIGN_OR_RAISE(const auto schema, SchemaOf(group.input()));
  if (schema == nullptr) return false;
  const auto is_text = [&](const std::string& column) {
    return schema->GetFieldByName(column) != nullptr && IsText(*schema, column);
  };
  return std::any_of(group.keys().begin(), group.keys().end(), is_text) &&
         std::none_of(group.aggregations().begin(), group.aggregations().end(),
                      [&](const Aggregation& one) { return is_text(one.column); });
}

}  // namespace

Result<LogicalOperatorPtr> KeepDictionaries::Rewrite(LogicalOperatorPtr node) const {
  const auto* write = As<Write>(node);
  bool takes_codes = write != nullptr && write->sink()->takes_dictionaries();
  if (const auto* group = As<GroupAggregate>(node)) {
    ARROW_ASSIGN_OR_RAISE(takes_codes, HasTextKeysOnly(*group));
  }
  if (!takes_codes) return node;
  ARROW_ASSIGN_OR_RAISE(auto input, Keep(node->input()));
  if (input == nullptr) return node;
  return node->WithInputs({std::move(input)});
}

}  // namespace headrace::plan
