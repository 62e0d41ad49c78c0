// SPDX-License-Identifier: Apache-2.0
#include "headrace/dataset.h"

#include <algorithm>
#include <set>

#include "headrace/api/dataset_state.h"
#include "headrace/plan/operators.h"

namespace headrace {
namespace api {

Dataset MakeDataset(plan::LogicalOperatorPtr plan, DataContext context) {
  auto state = std::make_shared<Dataset::State>();
  state->plan = std::move(plan);
  state->context = std::move(context);
  return Dataset(std::move(state));
}

Dataset Derive(const Dataset::State& from, plan::LogicalOperatorPtr plan, Status wrong) {
  auto state = std::make_shared<Dataset::State>();
  state->plan = std::move(plan);
  state->context = from.context;
  state->wrong = from.wrong & wrong;
  return Dataset(std::move(state));
}

int64_t AtLeast(const char* name, std::optional<int64_t> value, int64_t lowest, int64_t otherwise,
                Status* wrong) {
  if (!value) return otherwise;
  if (*value < lowest) *wrong &= Status::Invalid(name, " must be >= ", lowest, ", got ", *value);
  return *value;
}

plan::MapOptions TaskOptions(std::optional<double> num_cpus, std::optional<int64_t> concurrency,
                             Status* wrong) {
  plan::MapOptions out;
  out.compute.size = AtLeast("concurrency", concurrency, 1, -1, wrong);
  if (num_cpus) {
    if (!(*num_cpus >= 0)) *wrong &= Status::Invalid("num_cpus must be >= 0, got ", *num_cpus);
    out.resources.num_cpus = *num_cpus;
  }
  return out;
}

}  // namespace api

namespace {

using api::AtLeast;
using api::Derive;

Dataset Project(const Dataset::State& from, std::vector<expr::NamedExpr> exprs, bool keep_rest,
                std::vector<std::string> dropped,
                std::vector<std::pair<std::string, std::string>> renamed, Status wrong) {
  return Derive(from,
                std::make_shared<plan::Project>(from.plan, std::move(exprs), keep_rest,
                                                std::move(dropped), std::move(renamed)),
                std::move(wrong));
}

Status CheckDistinct(const char* method, const std::vector<std::string>& names) {
  std::set<std::string> seen;
  for (const std::string& name : names) {
    if (!seen.insert(name).second) {
      return Status::Invalid(method, ": the column '", name, "' is named twice");
    }
  }
  return Status::OK();
}

}  // namespace

Dataset::Dataset()
    : Dataset(api::MakeDataset(std::make_shared<plan::InputData>("Input", std::vector<Block>()),
                               DataContext())) {}

Dataset Dataset::MapBatches(BatchFunction function, const MapBatchesOptions& options) const {
  Status wrong;
  if (!function) wrong = Status::Invalid("MapBatches(", options.name, ") needs a function");
  const int64_t batch_size = AtLeast("batch_size", options.batch_size, 1, 0, &wrong);
  plan::MapOptions tasks = api::TaskOptions(options.num_cpus, options.concurrency, &wrong);
  return Derive(*state_,
                std::make_shared<plan::Map>(state_->plan, plan::MapKind::kBatches, options.name,
                                            plan::NativeFunction(std::move(function)), batch_size,
                                            std::move(tasks), options.udf_modifying_row_count),
                std::move(wrong));
}

Dataset Dataset::Filter(const Expr& predicate) const {
  if (!predicate.valid())
    return Derive(*state_, state_->plan, Status::Invalid("Filter(): empty expression"));
  return Derive(*state_, std::make_shared<plan::FilterExpr>(state_->plan, predicate));
}

Dataset Dataset::WithColumn(std::string name, const Expr& value) const {
  return WithColumns({{std::move(name), value}});
}

Dataset Dataset::WithColumns(std::vector<std::pair<std::string, Expr>> columns) const {
  if (columns.empty()) return *this;
  std::vector<expr::NamedExpr> exprs;
  for (auto& [name, value] : columns) {
    if (!value.valid()) {
      return Derive(*state_, state_->plan,
                    Status::Invalid("WithColumn(", name, "): empty expression"));
    }
    exprs.push_back({std::move(name), std::move(value)});
  }
  return Project(*state_, std::move(exprs), /*keep_rest=*/true, {}, {}, Status::OK());
}

Dataset Dataset::SelectColumns(std::vector<std::string> names) const {
  Status wrong = CheckDistinct("SelectColumns", names);
  std::vector<expr::NamedExpr> exprs;
  for (const std::string& name : names) exprs.push_back({name, Col(name)});
  return Project(*state_, std::move(exprs), /*keep_rest=*/false, {}, {}, std::move(wrong));
}

Dataset Dataset::DropColumns(std::vector<std::string> names) const {
  if (names.empty()) return *this;
  Status wrong = CheckDistinct("DropColumns", names);
  return Project(*state_, {}, /*keep_rest=*/true, std::move(names), {}, std::move(wrong));
}

Dataset Dataset::RenameColumns(std::vector<std::pair<std::string, std::string>> names) const {
  if (names.empty())
    return Derive(*state_, state_->plan, Status::Invalid("RenameColumns: no names"));
  std::vector<std::string> new_names;
  for (const auto& [old_name, new_name] : names) new_names.push_back(new_name);
  Status wrong = CheckDistinct("RenameColumns", new_names);
  return Project(*state_, {}, /*keep_rest=*/true, {}, std::move(names), std::move(wrong));
}

Dataset Dataset::Limit(int64_t rows) const {
  Status wrong;
  AtLeast("limit", rows, 0, 0, &wrong);
  return Derive(*state_, std::make_shared<plan::Limit>(state_->plan, rows), std::move(wrong));
}

Dataset Dataset::Union(const std::vector<Dataset>& others) const {
  std::vector<plan::LogicalOperatorPtr> inputs = {state_->plan};
  Status wrong;
  for (const Dataset& other : others) {
    inputs.push_back(other.state_->plan);
    wrong &= other.state_->wrong;
  }
  return Derive(*state_, std::make_shared<plan::Union>(std::move(inputs)), std::move(wrong));
}

Dataset Dataset::Repartition(int64_t num_blocks) const {
  return Repartition(RepartitionOptions{.num_blocks = num_blocks});
}

Dataset Dataset::Repartition(const RepartitionOptions& options) const {
  Status wrong;
  if (options.num_blocks.has_value() == options.target_num_rows_per_block.has_value()) {
    wrong = Status::Invalid(
        "Repartition: exactly one of num_blocks and target_num_rows_per_block must be set");
  }
  if (options.num_blocks) {
    const int64_t blocks = AtLeast("num_blocks", options.num_blocks, 1, 1, &wrong);
    return Derive(*state_, std::make_shared<plan::Repartition>(state_->plan, blocks),
                  std::move(wrong));
  }
  const int64_t rows =
      AtLeast("target_num_rows_per_block", options.target_num_rows_per_block, 1, 1, &wrong);
  return Derive(*state_,
                std::make_shared<plan::StreamingRepartition>(state_->plan, rows, options.strict),
                std::move(wrong));
}

Dataset Dataset::WithContext(DataContext context) const {
  auto state = std::make_shared<State>();
  state->plan = state_->plan;
  state->context = std::move(context);
  state->wrong = state_->wrong;
  return Dataset(std::move(state));
}

Status Dataset::status() const { return state_->wrong; }
const DataContext& Dataset::context() const { return state_->context; }
std::string Dataset::Stats() const { return state_->stats(); }

Result<std::string> Dataset::Explain() const {
  ARROW_RETURN_NOT_OK(state_->wrong);
  ARROW_ASSIGN_OR_RAISE(const api::PlanText text, api::Explain(state_->plan, state_->context));
  std::string out;
  const auto add = [&out](const char* title, const std::string& plan) {
    out += std::string("\n-------- ") + title + " --------\n" + plan;
    if (!out.ends_with('\n')) out += '\n';
  };
  add("Logical Plan", text.logical);
  add("Logical Plan (Optimized)", text.logical_optimized);
  add("Physical Plan", text.physical);
  add("Physical Plan (Optimized)", text.physical_optimized);
  return out;
}

}  // namespace headrace
