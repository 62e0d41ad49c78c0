// SPDX-License-Identifier: Apache-2.0
#include "headrace/plan/shuffle_operators.h"

namespace headrace::plan {
namespace {

std::string Joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

LogicalOperatorPtr Sort::WithInputs(std::vector<LogicalOperatorPtr> inputs) const {
  return std::make_shared<Sort>(std::move(inputs.front()), columns_, boundaries_, limit_rows_);
}

LogicalOperatorPtr RandomShuffle::WithInputs(std::vector<LogicalOperatorPtr> inputs) const {
  return std::make_shared<RandomShuffle>(std::move(inputs.front()), seed_);
}

LogicalOperatorPtr RandomizeBlockOrder::WithInputs(std::vector<LogicalOperatorPtr> inputs) const {
  return std::make_shared<RandomizeBlockOrder>(std::move(inputs.front()), seed_);
}

std::string HashRepartition::name() const { return "Repartition(" + Joined(keys_) + ")"; }

LogicalOperatorPtr HashRepartition::WithInputs(std::vector<LogicalOperatorPtr> inputs) const {
  return std::make_shared<HashRepartition>(std::move(inputs.front()), keys_, num_blocks_, sort_);
}

std::string GroupAggregate::name() const { return "Aggregate(" + Joined(keys_) + ")"; }

LogicalOperatorPtr GroupAggregate::WithInputs(std::vector<LogicalOperatorPtr> inputs) const {
  return std::make_shared<GroupAggregate>(std::move(inputs.front()), keys_, aggregations_,
                                          num_partitions_);
}

std::string GroupBlocks::name() const { return "GroupBy(" + Joined(keys_) + ")"; }

LogicalOperatorPtr GroupBlocks::WithInputs(std::vector<LogicalOperatorPtr> inputs) const {
  return std::make_shared<GroupBlocks>(std::move(inputs.front()), keys_, num_partitions_);
}

std::string Join::name() const {
  return "Join(" + options_.type + ", " + Joined(options_.left_on) + ")";
}

LogicalOperatorPtr Join::WithInputs(std::vector<LogicalOperatorPtr> inputs) const {
  return std::make_shared<Join>(std::move(inputs[0]), std::move(inputs[1]), options_);
}

LogicalOperatorPtr Zip::WithInputs(std::vector<LogicalOperatorPtr> inputs) const {
  return std::make_shared<Zip>(std::move(inputs));
}

LogicalOperatorPtr Mix::WithInputs(std::vector<LogicalOperatorPtr> inputs) const {
  return std::make_shared<Mix>(std::move(inputs), weights_, stop_on_shortest_);
}

}  // namespace headrace::plan
