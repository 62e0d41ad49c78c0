// SPDX-License-Identifier: Apache-2.0
#include "headrace/plan/rules/projection_pushdown.h"

#include <algorithm>

#include "headrace/plan/operators.h"
#include "headrace/plan/rules/column_origin.h"
#include "headrace/plan/rules/source_columns.h"
#include "headrace/plan/schema_of.h"
#include "headrace/plan/shuffle_operators.h"

namespace headrace::plan {
namespace {

using Columns = std::vector<std::string>;  // each once, in order of first need

void Add(const Columns& more, Columns* columns) {
  for (const std::string& name : more) {
    if (std::find(columns->begin(), columns->end(), name) == columns->end()) {
      columns->push_back(name);
    }
  }
}

Result<LogicalOperatorPtr> Narrow(const LogicalOperatorPtr& node, const Columns& needed);

Result<LogicalOperatorPtr> NarrowInput(const LogicalOperatorPtr& node, const Columns& needed) {
  ARROW_ASSIGN_OR_RAISE(LogicalOperatorPtr input, Narrow(node->input(), needed));
  return input == node->input() ? node : node->WithInputs({std::move(input)});
}

Result<LogicalOperatorPtr> NarrowRead(const LogicalOperatorPtr& node, const Read& read,
                                      const Columns& needed) {
  if (!GivesColumns(*read.source(), needed)) return node;
  DatasourcePtr narrow = read.source()->WithColumns(needed);
  if (narrow == nullptr) return node;
  // A source has no other way to say that it reads just these columns already.
  const Result<std::string> before = read.source()->Serialize();
  const Result<std::string> after = narrow->Serialize();
  if (!before.ok() || !after.ok() || *before == *after) return node;
  return std::make_shared<Read>(std::move(narrow), read.override_num_blocks(), read.options(),
                                read.limit_rows());
}

// Keeps of `project` what is needed; it then lists its columns, whatever it kept before.
Result<LogicalOperatorPtr> NarrowProject(const LogicalOperatorPtr& node, const Project& project,
                                         const Columns& needed) {
  if (needed.empty()) return Narrow(project.input(), needed);
  std::vector<expr::NamedExpr> exprs;
  Columns below;
  for (const std::string& name : needed) {
    std::optional<Expr> origin = OriginOf(project, name);
    if (!origin.has_value()) return node;  // running it tells the user what is wrong
    Add(origin->Columns(), &below);
    exprs.push_back({name, *std::move(origin)});
  }
  ARROW_ASSIGN_OR_RAISE(LogicalOperatorPtr input, Narrow(project.input(), below));
  const bool narrower = project.keep_rest() || exprs.size() < project.exprs().size();
  if (!narrower && input == project.input()) return node;
  return std::make_shared<Project>(std::move(input), std::move(exprs), /*keep_rest=*/false,
                                   Columns{}, std::vector<std::pair<std::string, std::string>>{},
                                   project.options());
}

Result<LogicalOperatorPtr> NarrowUnion(const LogicalOperatorPtr& node, const Columns& needed) {
  std::vector<LogicalOperatorPtr> branches;
  bool changed = false;
  for (const LogicalOperatorPtr& branch : node->inputs()) {
    // A branch without the column gives nulls for it, which its source would refuse to read.
    const auto schema = SchemaOf(branch).ValueOr(nullptr);
    const bool has_all = schema != nullptr &&
                         std::all_of(needed.begin(), needed.end(), [&](const std::string& name) {
                           return schema->GetFieldIndex(name) >= 0;
                         });
    LogicalOperatorPtr narrow = branch;
    if (has_all) {
      ARROW_ASSIGN_OR_RAISE(narrow, Narrow(branch, needed));
    }
    changed |= narrow != branch;
    branches.push_back(std::move(narrow));
  }
  return changed ? node->WithInputs(std::move(branches)) : node;
}

bool Has(const Columns& columns, const std::string& name) {
  return std::find(columns.begin(), columns.end(), name) != columns.end();
}

// A name that both sides have gets a suffix, so it goes from both or from none.
Result<LogicalOperatorPtr> NarrowJoin(const LogicalOperatorPtr& node, const JoinOptions& join,
                                      const Columns& needed) {
  const auto is_needed = [&](const std::string& name) {
    return Has(needed, name) || Has(needed, name + join.left_suffix.value_or("")) ||
           Has(needed, name + join.right_suffix.value_or(""));
  };
  const auto is_key = [&](const std::string& name) {
    return Has(join.left_on, name) || Has(join.right_on, name);
  };
  std::vector<std::shared_ptr<arrow::Schema>> schemas;
  for (const LogicalOperatorPtr& side : node->inputs()) {
    schemas.push_back(SchemaOf(side).ValueOr(nullptr));
    if (schemas.back() == nullptr) return node;
  }
  std::vector<LogicalOperatorPtr> sides = node->inputs();
  for (size_t side = 0; side < 2; ++side) {
    const Columns& keys = side == 0 ? join.left_on : join.right_on;
    Columns kept;
    for (const std::string& name : schemas[side]->field_names()) {
      const bool is_shared = schemas[1 - side]->GetFieldIndex(name) >= 0;
      if (Has(keys, name) || is_needed(name) || (is_shared && is_key(name))) Add({name}, &kept);
    }
    if (kept.size() == schemas[side]->field_names().size()) continue;
    ARROW_ASSIGN_OR_RAISE(sides[side], Narrow(sides[side], kept));
  }
  return sides == node->inputs() ? node : node->WithInputs(std::move(sides));
}

// `node` giving at least the columns `needed`, by name.
Result<LogicalOperatorPtr> Narrow(const LogicalOperatorPtr& node, const Columns& needed) {
  if (const auto* read = As<Read>(node)) return NarrowRead(node, *read, needed);
  if (const auto* project = As<Project>(node)) return NarrowProject(node, *project, needed);
  if (const auto* filter = As<FilterExpr>(node)) {
    Columns more = needed;
    Add(filter->predicate().Columns(), &more);
    return NarrowInput(node, more);
  }
  if (As<Union>(node) != nullptr) return NarrowUnion(node, needed);
  if (As<Limit>(node) || As<Repartition>(node) || As<StreamingRepartition>(node) ||
      As<RandomShuffle>(node) || As<RandomizeBlockOrder>(node)) {
    return NarrowInput(node, needed);
  }
  if (const auto* sort = As<Sort>(node)) {
    Columns more = needed;
    for (const SortColumn& column : sort->columns()) Add({column.name}, &more);
    return NarrowInput(node, more);
  }
  if (const auto* join = As<Join>(node)) return NarrowJoin(node, join->options(), needed);
  if (const auto* repartition = As<HashRepartition>(node)) {
    Columns more = needed;
    Add(repartition->keys(), &more);
    return NarrowInput(node, more);
  }
  return node;
}

// Columns that `project` takes as they are, when that is all it does.
std::optional<Columns> PlainColumns(const Project& project) {
  if (project.keep_rest() || project.exprs().empty()) return std::nullopt;
  Columns columns;
  for (const expr::NamedExpr& named : project.exprs()) {
    if (named.expr.ColumnName() != named.name) return std::nullopt;
    columns.push_back(named.name);
  }
  return columns;
}

Result<LogicalOperatorPtr> RewriteProject(const LogicalOperatorPtr& node, const Project& project) {
  if (project.keep_rest()) return node;
  const auto* read = As<Read>(node->input());
  const std::optional<Columns> plain = PlainColumns(project);
  if (read != nullptr && plain.has_value() && project.options() == MapOptions{} &&
      GivesColumns(*read->source(), *plain)) {
    if (DatasourcePtr source = read->source()->WithColumns(*plain)) {
      return std::make_shared<Read>(std::move(source), read->override_num_blocks(), read->options(),
                                    read->limit_rows());
    }
  }
  Columns needed;
  for (const expr::NamedExpr& named : project.exprs()) Add(named.expr.Columns(), &needed);
  return NarrowInput(node, needed);
}

}  // namespace

Result<LogicalOperatorPtr> ProjectionPushdown::Rewrite(LogicalOperatorPtr node) const {
  if (const auto* project = As<Project>(node)) return RewriteProject(node, *project);
  if (As<Count>(node) != nullptr) return NarrowInput(node, {});
  if (const auto* aggregate = As<PartialAggregate>(node)) {
    Columns needed;
    for (const ColumnAggregate& column : aggregate->aggregates()) Add({column.column}, &needed);
    return NarrowInput(node, needed);
  }
  if (const auto* group = As<GroupAggregate>(node)) {
    Columns needed = group->keys();
    for (const Aggregation& one : group->aggregations()) {
      if (!one.column.empty()) Add({one.column}, &needed);
    }
    return NarrowInput(node, needed);
  }
  return node;
}

}  // namespace headrace::plan
