// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/shuffle/range_exchange_operator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "headrace/testkit/blocks.h"

namespace headrace::exec {
namespace {

using testkit::Ids;
using testkit::IotaBlock;

/// A key of one row: its number in big-endian bytes, so that bytes order as numbers do.
std::string Key(int64_t value) {
  std::string bytes(8, '\0');
  for (int i = 0; i < 8; ++i) bytes[7 - i] = static_cast<char>(value >> (8 * i));
  return bytes;
}

class RangeExchangeOperatorTest : public testing::Test {
 protected:
  /// A run of sorted keys in pieces; the "id" of a row is its number in the order of adding.
  Status AddRun(RangeExchangeOperator& op, const std::vector<int64_t>& keys, size_t piece_rows) {
    for (size_t begin = 0; begin < keys.size() || begin == 0; begin += piece_rows) {
      const size_t end = std::min(begin + piece_rows, keys.size());
      task::ExchangeTag tag;
      tag.starts_run = begin == 0;
      if (end > begin) {
        tag.first_key = Key(keys[begin]);
        tag.last_key = Key(keys[end - 1]);
      }
      const auto rows = static_cast<int64_t>(end - begin);
      const Block block = IotaBlock(rows, static_cast<int64_t>(keys_.size()));
      for (size_t i = begin; i < end; ++i) keys_.push_back({keys[i], num_runs_});
      ARROW_RETURN_NOT_OK(
          op.AddInput(RefBundle(task::PutBlock(*store_, task::WithTag(block, tag))), 0));
    }
    ++num_runs_;
    return Status::OK();
  }

  struct RowKey {
    int64_t key;
    int64_t run;
  };
  /// How often each row is in a range whose bounds it fits; rows per range.
  struct Outcome {
    std::map<int64_t, int> times;
    std::vector<int64_t> rows;
  };
  Outcome TakeAll(RangeExchangeOperator& op) {
    Outcome outcome;
    while (auto bundle = op.TakeOutput()) {
      const auto range = task::MergeRange::Deserialize(bundle->argument()).ValueOrDie();
      int64_t rows = 0;
      size_t block = 0;
      for (const auto& run : range.runs) {
        for (int64_t i = 0; i < run.num_blocks; ++i) {
          for (const int64_t id : Ids(RefBundle(bundle->blocks().at(block)))) {
            const RowKey& row = keys_[static_cast<size_t>(id)];
            if (IsIn(row, run.run, range)) {
              ++outcome.times[id];
              ++rows;
            }
          }
          ++block;
        }
      }
      EXPECT_EQ(block, bundle->blocks().size());
      outcome.rows.push_back(rows);
    }
    return outcome;
  }
  static bool Before(const RowKey& row, int64_t run, const task::MergeRange::Bound& bound) {
    const std::string key = Key(row.key);
    return key < bound.key || (key == bound.key && run < bound.run);
  }
  static bool IsIn(const RowKey& row, int64_t run, const task::MergeRange& range) {
    return !Before(row, run, range.low) && (!range.has_high || Before(row, run, range.high));
  }

  std::shared_ptr<store::ObjectStore> store_ = task::MakeBlockStore(-1);
  std::vector<RowKey> keys_;
  int64_t num_runs_ = 0;
};

TEST_F(RangeExchangeOperatorTest, EveryRowIsInOneRangeAndRangesAreEven) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    std::mt19937_64 random(seed);
    keys_.clear();
    num_runs_ = 0;
    RangeExchangeOperator op({.name = "Sort", .target_bytes = 800, .min_ranges = 1});
    const int64_t num_values = seed % 3 == 0 ? 3 : 100000;
    for (int run = 0; run < 10; ++run) {
      std::vector<int64_t> keys(random() % 200);
      for (int64_t& key : keys) key = static_cast<int64_t>(random() % num_values);
      std::sort(keys.begin(), keys.end());
      ASSERT_TRUE(AddRun(op, keys, 5).ok());
    }
    EXPECT_FALSE(op.TakeOutput().has_value());
    ASSERT_TRUE(op.InputDone(0).ok());
    const Outcome outcome = TakeAll(op);
    EXPECT_TRUE(op.Done());
    EXPECT_EQ(outcome.times.size(), keys_.size()) << "seed " << seed;
    for (const auto& [id, times] : outcome.times) {
      EXPECT_EQ(times, 1) << "row " << id << ", seed " << seed;
    }
    // Pieces of 40 bytes from 10 runs blur each border of a range of 800 bytes.
    for (const int64_t rows : outcome.rows) EXPECT_LE(rows, 100 + 200) << "seed " << seed;
    EXPECT_EQ(store_->stats().num_objects, 0);
  }
}

TEST_F(RangeExchangeOperatorTest, OneKeyIsCutBetweenRuns) {
  RangeExchangeOperator op({.name = "Sort", .target_bytes = 800});
  for (int run = 0; run < 10; ++run) {
    ASSERT_TRUE(AddRun(op, std::vector<int64_t>(100, 7), 10).ok());
  }
  ASSERT_TRUE(op.InputDone(0).ok());
  const Outcome outcome = TakeAll(op);
  EXPECT_EQ(outcome.times.size(), keys_.size());
  EXPECT_EQ(outcome.rows.size(), 10);
  for (const int64_t rows : outcome.rows) EXPECT_EQ(rows, 100);
}

TEST_F(RangeExchangeOperatorTest, SlotsHaveWorkUnlessThereIsLittle) {
  RangeExchangeOperator much(
      {.name = "Sort", .target_bytes = 1 << 20, .min_ranges = 4, .min_bytes = 80});
  std::vector<int64_t> keys(100);
  for (size_t i = 0; i < keys.size(); ++i) keys[i] = static_cast<int64_t>(i);
  ASSERT_TRUE(AddRun(much, keys, 5).ok());
  ASSERT_TRUE(much.InputDone(0).ok());
  EXPECT_EQ(TakeAll(much).rows.size(), 4);
  RangeExchangeOperator little({.name = "Sort", .target_bytes = 1 << 20, .min_ranges = 4});
  ASSERT_TRUE(AddRun(little, keys, 5).ok());
  ASSERT_TRUE(little.InputDone(0).ok());
  EXPECT_EQ(TakeAll(little).rows.size(), 1);
}

TEST_F(RangeExchangeOperatorTest, WithoutRowsOneBundleTellsTheSchema) {
  RangeExchangeOperator op({.name = "Sort"});
  ASSERT_TRUE(AddRun(op, {}, 1).ok());
  ASSERT_TRUE(op.InputDone(0).ok());
  const auto bundle = op.TakeOutput();
  ASSERT_TRUE(bundle.has_value());
  EXPECT_EQ(bundle->num_rows(), 0);
  EXPECT_TRUE(op.Done());
  RangeExchangeOperator nothing({.name = "Sort"});
  ASSERT_TRUE(nothing.InputDone(0).ok());
  EXPECT_TRUE(nothing.Done());
}

TEST_F(RangeExchangeOperatorTest, LetsGoWhenNobodyWantsMore) {
  RangeExchangeOperator op({.name = "Sort", .target_bytes = 8});
  ASSERT_TRUE(AddRun(op, {1, 2, 3}, 1).ok());
  ASSERT_TRUE(op.InputDone(0).ok());
  ASSERT_TRUE(op.TakeOutput().has_value());
  op.OutputNotWanted();
  EXPECT_TRUE(op.Done());
  EXPECT_EQ(op.output_bytes(), 0);
  EXPECT_EQ(store_->stats().num_objects, 0);
}

}  // namespace
}  // namespace headrace::exec
