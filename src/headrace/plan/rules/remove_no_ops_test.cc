// SPDX-License-Identifier: Apache-2.0
#include "headrace/plan/rules/remove_no_ops.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/plan/testing/sample_rows.h"

namespace headrace::plan {
namespace {

using namespace headrace::plan::testing;  // NOLINT: builders of plans

LogicalOperatorPtr Rewrite(const LogicalOperatorPtr& node) {
  return RemoveNoOps().Rewrite(node).ValueOrDie();
}

LogicalOperatorPtr Rows(int rows) {
  return std::make_shared<InputData>("Input", std::vector<Block>{SampleRows(rows)});
}
LogicalOperatorPtr Both(std::vector<LogicalOperatorPtr> inputs) {
  return std::make_shared<Union>(std::move(inputs));
}

TEST(RemoveNoOpsTest, DropsWhatChangesNothing) {
  const auto read = ReadSample();
  EXPECT_EQ(Rewrite(WithColumn(read, "a", Col("a"))), read);
  EXPECT_EQ(Rewrite(Rename(read, "a", "a")), read);
  EXPECT_EQ(Rewrite(Where(read, Lit(true))), read);
  EXPECT_EQ(Rewrite(Both({read})), read);
  const auto rows = Rows(5);
  EXPECT_EQ(Rewrite(First(rows, 5)), rows);
}

TEST(RemoveNoOpsTest, LeavesWhatChangesSomething) {
  const auto read = ReadSample();
  for (const auto& plan :
       {WithColumn(read, "a", Col("b")), Rename(read, "a", "b"), Drop(read, "a"),
        Where(read, Lit(false)), First(Rows(5), 4), First(read, 1000), Both({read, read})}) {
    EXPECT_EQ(Rewrite(plan), plan) << plan->name();
  }
}

TEST(RemoveNoOpsTest, CountsRowsWhateverTheirOrder) {
  const auto read = ReadSample();
  const std::vector<LogicalOperatorPtr> orders = {
      SortBy(read, {{"a"}}), std::make_shared<RandomShuffle>(read, 1),
      std::make_shared<RandomizeBlockOrder>(read, 1),
      std::make_shared<HashRepartition>(read, std::vector<std::string>{"a"}, 2, true)};
  for (const auto& input : orders) {
    EXPECT_EQ(Rewrite(std::make_shared<Count>(input))->input(), read) << input->name();
  }
  const auto first = std::make_shared<Count>(
      std::make_shared<Sort>(read, std::vector<SortColumn>{{"a"}}, std::vector<double>{}, 3));
  EXPECT_EQ(Rewrite(first), first) << "it gives three rows";
}

TEST(RemoveNoOpsTest, ShufflesOnce) {
  const auto read = ReadSample();
  const auto twice = std::make_shared<RandomShuffle>(std::make_shared<RandomShuffle>(read, 1), 2);
  const auto once = Rewrite(twice);
  EXPECT_EQ(once->input(), read);
  EXPECT_EQ(As<RandomShuffle>(once)->seed(), 2U);
  EXPECT_EQ(Rewrite(SortBy(std::make_shared<RandomShuffle>(read, 1), {{"a"}}))->input(), read);
  const auto sorted_first = std::make_shared<RandomShuffle>(SortBy(read, {{"a"}}), 2);
  EXPECT_EQ(Rewrite(sorted_first), sorted_first) << "the order below decides what a seed gives";
}

TEST(RemoveNoOpsTest, FlattensUnions) {
  const auto read = ReadSample();
  const auto empty = std::make_shared<InputData>("Input", std::vector<Block>{Block()});
  EXPECT_EQ(Rewrite(Both({Both({read, read}), empty, read}))->inputs().size(), 3U);
  EXPECT_NE(As<InputData>(Rewrite(Both({empty, empty}))), nullptr);
}

TEST(RemoveNoOpsTest, CountsWithoutRepartition) {
  const auto read = ReadSample();
  const auto counted =
      Rewrite(std::make_shared<Count>(std::make_shared<Repartition>(read, /*num_blocks=*/7)));
  EXPECT_EQ(counted->input(), read);
}

}  // namespace
}  // namespace headrace::plan
