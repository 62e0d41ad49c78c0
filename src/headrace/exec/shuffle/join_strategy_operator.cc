// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/shuffle/join_strategy_operator.h"

#include <algorithm>
#include <utility>

#include "headrace/task/exchange.h"

namespace headrace::exec {

bool JoinStrategyOperator::WantsInput(int input_index) const {
  const Side& side = sides_[static_cast<size_t>(input_index)];
  if (stopped_ || side.done) return false;
  if (strategy_ == Strategy::kOpen) return input_index == options_.build_side;
  return side.held.size_bytes() < kMaxHeldBundles * options_.bundle_bytes;
}

Status JoinStrategyOperator::AddInput(RefBundle bundle, int input_index) {
  Side& side = sides_[static_cast<size_t>(input_index)];
  side.held.Append(std::move(bundle));
  if (strategy_ == Strategy::kOpen && side.held.size_bytes() > options_.max_broadcast_bytes) {
    strategy_ = Strategy::kPartition;
  }
  return Status::OK();
}

Status JoinStrategyOperator::InputDone(int input_index) {
  sides_[static_cast<size_t>(input_index)].done = true;
  if (strategy_ == Strategy::kOpen && input_index == options_.build_side) {
    strategy_ = Strategy::kBroadcast;
  }
  return Status::OK();
}

std::optional<RefBundle> JoinStrategyOperator::TakeOutput() {
  if (stopped_ || strategy_ == Strategy::kOpen) return std::nullopt;
  const bool partition = strategy_ == Strategy::kPartition;
  for (const int index : {options_.build_side, 1 - options_.build_side}) {
    Side& side = sides_[static_cast<size_t>(index)];
    const bool is_enough = side.done || side.held.size_bytes() >= options_.bundle_bytes;
    if (side.held.empty() || !is_enough) continue;
    RefBundle bundle = std::exchange(side.held, {});
    bundle.set_argument(task::JoinInput{index, partition}.Serialize());
    return bundle;
  }
  return std::nullopt;
}

void JoinStrategyOperator::OutputNotWanted() {
  stopped_ = true;
  sides_ = {};
}

bool JoinStrategyOperator::Done() const {
  return stopped_ || std::all_of(sides_.begin(), sides_.end(),
                                 [](const Side& side) { return side.done && side.held.empty(); });
}

}  // namespace headrace::exec
