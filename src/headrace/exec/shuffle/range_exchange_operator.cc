// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/shuffle/range_exchange_operator.h"

#include <algorithm>
#include <tuple>

namespace headrace::exec {

Status RangeExchangeOperator::AddInput(RefBundle bundle, int) {
  for (const task::BlockRef& block : bundle.blocks()) {
    ARROW_ASSIGN_OR_RAISE(task::ExchangeTag tag, task::TagOf(*block.schema()));
    if (sample_.object == nullptr) sample_ = block.WithoutRows();
    if (tag.starts_run || runs_.empty()) runs_.emplace_back();
    if (block.num_rows == 0) continue;
    bytes_ += block.size_bytes;
    runs_.back().pieces.push_back({block, std::move(tag.first_key), std::move(tag.last_key)});
  }
  return Status::OK();
}

Status RangeExchangeOperator::InputDone(int) {
  input_done_ = true;
  std::erase_if(runs_, [](const Run& run) { return run.pieces.empty(); });
  if (!runs_.empty()) {
    ChooseBounds();
  } else if (sample_.object != nullptr) {
    bounds_.push_back({});  // one empty range, which tells the schema
  }
  return Status::OK();
}

void RangeExchangeOperator::ChooseBounds() {
  struct Entry {
    std::string_view key;
    int64_t run;
    int64_t bytes;
  };
  std::vector<Entry> entries;
  for (size_t run = 0; run < runs_.size(); ++run) {
    for (const Piece& piece : runs_[run].pieces) {
      entries.push_back({piece.first_key, static_cast<int64_t>(run), piece.block.size_bytes});
    }
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.key, a.run) < std::tie(b.key, b.run);
  });
  const int64_t by_size = bytes_ / std::max<int64_t>(1, options_.target_bytes) + 1;
  const int64_t by_slots =
      std::min<int64_t>(options_.min_ranges, bytes_ / std::max<int64_t>(1, options_.min_bytes) + 1);
  const int64_t num_ranges = std::max(by_size, by_slots);
  bounds_.push_back({});
  int64_t seen = 0;
  int64_t next_cut = 1;
  for (const Entry& entry : entries) {
    // What comes before this piece fills a range.
    if (seen * num_ranges >= next_cut * bytes_) {
      Bound bound{std::string(entry.key), entry.run};
      if (bound != bounds_.back()) bounds_.push_back(std::move(bound));
      next_cut = seen * num_ranges / std::max<int64_t>(1, bytes_) + 1;
    }
    seen += entry.bytes;
  }
}

/// No row of `piece` is at or behind `bound`. A key that may be cut stands for longer ones too.
bool RangeExchangeOperator::EndsBefore(const Piece& piece, int64_t run, const Bound& bound) {
  if (piece.last_key != bound.key) return piece.last_key < bound.key;
  return piece.last_key.size() < task::ExchangeTag::kMaxKeyBytes && run < bound.run;
}

bool RangeExchangeOperator::BeginsAtOrBehind(const Piece& piece, int64_t run, const Bound& bound) {
  if (piece.first_key != bound.key) return piece.first_key > bound.key;
  return run >= bound.run;
}

std::optional<RefBundle> RangeExchangeOperator::TakeOutput() {
  if (!input_done_ || next_ == bounds_.size()) return std::nullopt;
  task::MergeRange range;
  range.low = bounds_[next_++];
  range.has_high = next_ < bounds_.size();
  if (range.has_high) range.high = bounds_[next_];
  RefBundle out;
  for (size_t i = 0; i < runs_.size(); ++i) {
    Run& run = runs_[i];
    const auto number = static_cast<int64_t>(i);
    const size_t before = out.blocks().size();
    for (size_t p = run.begin; p < run.pieces.size(); ++p) {
      Piece& piece = run.pieces[p];
      if (range.has_high && BeginsAtOrBehind(piece, number, range.high)) break;
      const bool is_last = !range.has_high || EndsBefore(piece, number, range.high);
      if (is_last) {
        bytes_ -= piece.block.size_bytes;
        out.Append(std::move(piece.block));
        piece = {};
        run.begin = p + 1;
      } else {
        out.Append(piece.block);
      }
    }
    const auto num_blocks = static_cast<int64_t>(out.blocks().size() - before);
    if (num_blocks > 0) range.runs.push_back({number, num_blocks});
  }
  if (out.empty()) {
    out.Append(sample_);
    range.runs.push_back({0, 1});
  }
  out.set_argument(range.Serialize());
  if (Done()) OutputNotWanted();
  return out;
}

void RangeExchangeOperator::OutputNotWanted() {
  input_done_ = true;
  next_ = bounds_.size();
  runs_.clear();
  sample_ = {};
  bytes_ = 0;
}

}  // namespace headrace::exec
