// SPDX-License-Identifier: Apache-2.0
#include <random>
#include <utility>

#include "headrace/api/dataset_state.h"
#include "headrace/plan/operators.h"
#include "headrace/plan/shuffle_operators.h"

namespace headrace {
namespace {

uint64_t SeedOr(std::optional<uint64_t> seed) {
  if (seed) return *seed;
  std::random_device random;
  return (uint64_t{random()} << 32) | random();
}

}  // namespace

Dataset Dataset::Sort(std::vector<SortColumn> columns) const {
  Status wrong;
  if (columns.empty()) wrong = Status::Invalid("Sort() needs a column");
  return api::Derive(*state_, std::make_shared<plan::Sort>(state_->plan, std::move(columns)),
                     std::move(wrong));
}

Dataset Dataset::Sort(std::string column, bool descending) const {
  return Sort({{std::move(column), descending}});
}

Dataset Dataset::RandomShuffle(std::optional<uint64_t> seed) const {
  return api::Derive(*state_, std::make_shared<plan::RandomShuffle>(state_->plan, SeedOr(seed)));
}

Dataset Dataset::RandomizeBlockOrder(std::optional<uint64_t> seed) const {
  return api::Derive(*state_,
                     std::make_shared<plan::RandomizeBlockOrder>(state_->plan, SeedOr(seed)));
}

GroupedData Dataset::GroupBy(std::vector<std::string> keys, int64_t num_partitions) const {
  Status wrong;
  api::AtLeast("num_partitions", num_partitions, 0, 0, &wrong);
  return {api::Derive(*state_, state_->plan, std::move(wrong)), std::move(keys), num_partitions};
}

Dataset Dataset::Join(const Dataset& right, JoinOptions options) const {
  Status wrong = right.status();
  api::AtLeast("num_partitions", options.num_partitions, 0, 0, &wrong);
  if (options.left_on.empty()) wrong &= Status::Invalid("Join() needs key columns");
  if (options.right_on.empty()) options.right_on = options.left_on;
  if (options.right_on.size() != options.left_on.size()) {
    wrong &= Status::Invalid("Join(): ", options.left_on.size(), " key columns on the left, ",
                             options.right_on.size(), " on the right");
  }
  return api::Derive(
      *state_, std::make_shared<plan::Join>(state_->plan, right.state_->plan, std::move(options)),
      std::move(wrong));
}

Dataset Dataset::Zip(const std::vector<Dataset>& others) const {
  Status wrong;
  std::vector<plan::LogicalOperatorPtr> inputs = {state_->plan};
  for (const Dataset& other : others) {
    wrong &= other.status();
    inputs.push_back(other.state_->plan);
  }
  if (others.empty()) return *this;
  return api::Derive(*state_, std::make_shared<plan::Zip>(std::move(inputs)), std::move(wrong));
}

Dataset GroupedData::Aggregate(std::vector<Aggregation> aggregations) const {
  Status wrong;
  if (aggregations.empty()) wrong = Status::Invalid("Aggregate() needs an aggregation");
  const Dataset::State& state = *dataset_.state_;
  return api::Derive(state,
                     std::make_shared<plan::GroupAggregate>(
                         state.plan, keys_, std::move(aggregations), num_partitions_),
                     std::move(wrong));
}

Dataset GroupedData::MapGroups(BatchFunction function, const MapBatchesOptions& options) const {
  const Dataset::State& state = *dataset_.state_;
  MapBatchesOptions whole_groups = options;
  whole_groups.batch_size = std::nullopt;
  Status wrong;
  if (options.batch_size) wrong = Status::Invalid("MapGroups() has one batch per group");
  return api::Derive(state, std::make_shared<plan::GroupBlocks>(state.plan, keys_, num_partitions_),
                     std::move(wrong))
      .MapBatches(std::move(function), whole_groups);
}

}  // namespace headrace
