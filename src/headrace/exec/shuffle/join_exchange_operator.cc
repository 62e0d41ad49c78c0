// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/shuffle/join_exchange_operator.h"

#include <utility>
#include <vector>

#include "headrace/task/exchange.h"

namespace headrace::exec {

bool JoinExchangeOperator::WantsInput(int) const {
  return !input_done_ && (!is_broadcast_ || probe_.size_bytes() < kMaxProbeBundles * bundle_bytes_);
}

Status JoinExchangeOperator::AddInput(RefBundle bundle, int) {
  for (const task::BlockRef& block : bundle.blocks()) {
    ARROW_ASSIGN_OR_RAISE(const task::ExchangeTag tag, task::TagOf(*block.schema()));
    if (tag.partition >= 0) {
      ARROW_RETURN_NOT_OK(partitions_.AddInput(RefBundle(block), tag.side));
      continue;
    }
    is_broadcast_ = true;
    if (tag.side == build_side_ && gave_any_) {
      return Status::UnknownError("rows of the build side came after a task had gone without them");
    }
    RefBundle& side = tag.side == build_side_ ? build_ : probe_;
    // One block without rows, which tells the schema, is enough, and none once there are rows.
    if (block.num_rows == 0 && !side.empty()) continue;
    if (block.num_rows > 0 && side.num_rows() == 0) side = {};
    side.Append(block);
  }
  return Status::OK();
}

Status JoinExchangeOperator::InputDone(int) {
  input_done_ = true;
  ARROW_RETURN_NOT_OK(partitions_.InputDone(0));
  return partitions_.InputDone(1);
}

std::optional<RefBundle> JoinExchangeOperator::TakeOutput() {
  if (!is_broadcast_) return partitions_.TakeOutput();
  // Rows; or, when there are none at all, what tells the schema.
  const bool has_output = probe_.num_rows() > 0
                              ? input_done_ || probe_.size_bytes() >= bundle_bytes_
                              : input_done_ && !gave_any_;
  if (!has_output) return std::nullopt;
  gave_any_ = true;
  RefBundle probe = std::exchange(probe_, {});
  std::vector<int64_t> num_blocks(2);
  num_blocks[static_cast<size_t>(build_side_)] = static_cast<int64_t>(build_.blocks().size());
  num_blocks[static_cast<size_t>(1 - build_side_)] = static_cast<int64_t>(probe.blocks().size());
  RefBundle out = build_side_ == 0 ? build_ : probe;
  out.Append(build_side_ == 0 ? std::move(probe) : build_);
  out.set_argument(task::SerializeBlockCounts(num_blocks));
  if (input_done_) build_ = {};
  return out;
}

void JoinExchangeOperator::OutputNotWanted() {
  input_done_ = true;
  gave_any_ = true;
  build_ = {};
  probe_ = {};
  partitions_.OutputNotWanted();
}

bool JoinExchangeOperator::Done() const {
  if (!is_broadcast_) return partitions_.Done();
  return input_done_ && gave_any_ && probe_.num_rows() == 0;
}

}  // namespace headrace::exec
