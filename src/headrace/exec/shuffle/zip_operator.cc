// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/shuffle/zip_operator.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "headrace/task/exchange.h"

namespace headrace::exec {

bool ZipOperator::WantsInput(int input_index) const {
  const Input& input = inputs_[static_cast<size_t>(input_index)];
  if (stopped_ || input.done) return false;
  return input.held.size_bytes() < kMaxHeldBytes || input.held.num_rows() == NumReady();
}

Status ZipOperator::AddInput(RefBundle bundle, int input_index) {
  Input& input = inputs_[static_cast<size_t>(input_index)];
  if (input.sample.object == nullptr && !bundle.empty())
    input.sample = bundle.blocks().front().WithoutRows();
  input.rows_seen += bundle.num_rows();
  bytes_ += bundle.size_bytes();
  for (const task::BlockRef& block : bundle.blocks()) {
    if (block.num_rows > 0) input.held.Append(block);
  }
  return CheckLengths();
}

Status ZipOperator::InputDone(int input_index) {
  inputs_[static_cast<size_t>(input_index)].done = true;
  return CheckLengths();
}

Status ZipOperator::CheckLengths() const {
  if (stopped_) return Status::OK();
  for (const Input& ended : inputs_) {
    if (!ended.done) continue;
    for (const Input& other : inputs_) {
      if (other.rows_seen > ended.rows_seen) {
        return Status::Invalid("Cannot zip datasets of different number of rows: one has ",
                               ended.rows_seen, ", another has ", other.done ? "" : "at least ",
                               other.rows_seen);
      }
    }
  }
  return Status::OK();
}

int64_t ZipOperator::NumReady() const {
  int64_t rows = std::numeric_limits<int64_t>::max();
  for (const Input& input : inputs_) rows = std::min(rows, input.held.num_rows());
  return rows;
}

bool ZipOperator::AllDone() const {
  return std::all_of(inputs_.begin(), inputs_.end(), [](const Input& input) { return input.done; });
}

std::optional<RefBundle> ZipOperator::TakeOutput() {
  if (stopped_) return std::nullopt;
  const int64_t rows = NumReady();
  // Without any row somebody has to tell the schema.
  if (rows == 0 && (gave_any_ || !AllDone())) return std::nullopt;
  if (!AllDone() && bytes_ < kMinBundleBytes) return std::nullopt;
  RefBundle out;
  std::vector<int64_t> num_blocks;
  bytes_ = 0;
  for (Input& input : inputs_) {
    const RefBundle part = input.held.Slice(0, rows);
    num_blocks.push_back(static_cast<int64_t>(std::max<size_t>(1, part.blocks().size())));
    if (part.empty()) {
      if (input.sample.object == nullptr) return std::nullopt;  // an input without any block
      out.Append(input.sample);
    } else {
      out.Append(part);
    }
    input.held = input.held.Slice(rows, input.held.num_rows());
    bytes_ += input.held.size_bytes();
  }
  gave_any_ = true;
  out.set_argument(task::SerializeBlockCounts(num_blocks));
  if (Done()) OutputNotWanted();
  return out;
}

void ZipOperator::OutputNotWanted() {
  stopped_ = true;
  for (Input& input : inputs_) {
    input.held = {};
    input.sample = {};
  }
  bytes_ = 0;
}

bool ZipOperator::Done() const {
  if (stopped_) return true;
  if (!AllDone() || NumReady() > 0) return false;
  return gave_any_ || std::any_of(inputs_.begin(), inputs_.end(), [](const Input& input) {
           return input.sample.object == nullptr;
         });
}

}  // namespace headrace::exec
