// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/shuffle/partition_exchange_operator.h"

#include <algorithm>

#include "headrace/task/exchange.h"

namespace headrace::exec {

Status PartitionExchangeOperator::AddInput(RefBundle bundle, int input_index) {
  Input& input = inputs_[static_cast<size_t>(input_index)];
  for (const task::BlockRef& block : bundle.blocks()) {
    ARROW_ASSIGN_OR_RAISE(const task::ExchangeTag tag, task::TagOf(*block.schema()));
    if (tag.partition < 0 || tag.partition >= options_.num_partitions) {
      return Status::Invalid("partition ", tag.partition, " of ", options_.num_partitions);
    }
    if (input.sample.object == nullptr) input.sample = block.WithoutRows();
    if (block.num_rows == 0) continue;
    input.bytes += block.size_bytes;
    bytes_ += block.size_bytes;
    total_bytes_ += block.size_bytes;
    input.partitions[static_cast<size_t>(tag.partition)].push_back(block);
  }
  return Status::OK();
}

bool PartitionExchangeOperator::IsEmpty(int partition) const {
  return std::all_of(inputs_.begin(), inputs_.end(), [&](const Input& input) {
    return input.partitions[static_cast<size_t>(partition)].empty();
  });
}

int64_t PartitionExchangeOperator::BytesOf(int partition) const {
  int64_t bytes = 0;
  for (const Input& input : inputs_) {
    for (const auto& block : input.partitions[static_cast<size_t>(partition)]) {
      bytes += block.size_bytes;
    }
  }
  return bytes;
}

int64_t PartitionExchangeOperator::BundleBytes() const {
  if (options_.num_bundles <= 0) return options_.min_bundle_bytes;
  const int64_t even = total_bytes_ / options_.num_bundles;
  return std::max(options_.min_bundle_bytes, std::min(even, options_.max_bundle_bytes));
}

RefBundle PartitionExchangeOperator::Bundle(int begin, int end) {
  RefBundle out;
  std::vector<int64_t> num_blocks;
  for (Input& input : inputs_) {
    const size_t before = out.blocks().size();
    for (int partition = begin; partition < end; ++partition) {
      for (auto& block : std::exchange(input.partitions[static_cast<size_t>(partition)], {})) {
        input.bytes -= block.size_bytes;
        bytes_ -= block.size_bytes;
        out.Append(std::move(block));
      }
    }
    // An empty side still has a schema.
    if (out.blocks().size() == before && input.sample.object != nullptr) out.Append(input.sample);
    num_blocks.push_back(static_cast<int64_t>(out.blocks().size() - before));
  }
  if (inputs_.size() > 1) out.set_argument(task::SerializeBlockCounts(num_blocks));
  return out;
}

std::optional<RefBundle> PartitionExchangeOperator::TakeOutput() {
  if (inputs_left_ > 0) return std::nullopt;
  const bool keeps_all = options_.min_bundle_bytes <= 0;
  while (next_ < options_.num_partitions) {
    const int begin = next_++;
    // Somebody has to tell the schema of a result without rows.
    const bool last_chance = next_ == options_.num_partitions && !gave_any_;
    if (!keeps_all && IsEmpty(begin) && !last_chance) continue;
    int64_t bytes = keeps_all ? 0 : BytesOf(begin);
    while (!keeps_all && next_ < options_.num_partitions &&
           bytes + BytesOf(next_) <= BundleBytes()) {
      bytes += BytesOf(next_++);
    }
    gave_any_ = true;
    RefBundle out = Bundle(begin, next_);
    if (Done()) {
      for (Input& input : inputs_) input.sample = {};
    }
    return out;
  }
  return std::nullopt;
}

void PartitionExchangeOperator::OutputNotWanted() {
  inputs_left_ = 0;
  next_ = options_.num_partitions;
  inputs_.assign(inputs_.size(), Input{});
  bytes_ = 0;
}

}  // namespace headrace::exec
