// SPDX-License-Identifier: Apache-2.0
#include "headrace/worker/steps/join_partition_step.h"

#include <arrow/array/array_dict.h>
#include <arrow/array/builder_dict.h>
#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/task/exchange.h"
#include "headrace/testkit/blocks.h"
#include "headrace/testkit/collecting_output.h"
#include "headrace/worker/transform_chain.h"

namespace headrace::worker {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;
using testkit::CollectingOutput;
using testkit::IotaBlock;

/// Columns "id", as IotaBlock, and "text", a dictionary.
Block WithCodes(int64_t num_rows) {
  arrow::StringDictionaryBuilder builder;
  for (int64_t row = 0; row < num_rows; ++row) {
    EXPECT_TRUE(builder.Append(row % 2 == 0 ? "even" : "odd").ok());
  }
  std::shared_ptr<arrow::Array> codes = builder.Finish().ValueOrDie();
  const Block ids = IotaBlock(num_rows);
  return Block(ids.batch()->AddColumn(1, "text", codes).ValueOrDie());
}

class JoinPartitionStepTest : public testing::Test {
 protected:
  Status Run(std::optional<int32_t> side, const std::string& argument, const Block& input) {
    const std::array<JoinPartitionStepSpec::Side, 2> sides = {
        JoinPartitionStepSpec::Side{{"nothing"}, {}},
        JoinPartitionStepSpec::Side{{"id"}, {"text", "not there"}}};
    const TransformChain chain(
        "chain", {std::make_shared<JoinPartitionStepSpec>(sides, side, 4, 1 << 20)}, {});
    // Through its bytes, as to another process.
    ARROW_ASSIGN_OR_RAISE(const std::string bytes, chain.Serialize());
    ARROW_ASSIGN_OR_RAISE(const auto again, TransformChain::Deserialize(bytes));
    ARROW_ASSIGN_OR_RAISE(const auto runner, again->MakeRunner());
    task::TaskParams params;
    params.argument = argument;
    out_.blocks.clear();
    return runner->Run({input}, params, out_, &stats_);
  }
  std::vector<int> Partitions() const {
    std::vector<int> partitions;
    for (const Block& block : out_.blocks) {
      const auto tag = task::TagOf(*block.schema()).ValueOrDie();
      EXPECT_EQ(tag.side, 1);
      partitions.push_back(tag.partition);
    }
    return partitions;
  }
  CollectingOutput out_;
  task::TaskStats stats_;
};

TEST_F(JoinPartitionStepTest, PartitionsTheSideThatTheArgumentNames) {
  ASSERT_TRUE(Run(std::nullopt, task::JoinInput{1, true}.Serialize(), IotaBlock(500)).ok());
  EXPECT_THAT(Partitions(), UnorderedElementsAre(0, 1, 2, 3));
  EXPECT_EQ(out_.Rows().size(), 500);
}

TEST_F(JoinPartitionStepTest, PartitionsASideThatIsKnownFromTheStart) {
  ASSERT_TRUE(Run(1, "", IotaBlock(500)).ok());
  EXPECT_THAT(Partitions(), UnorderedElementsAre(0, 1, 2, 3));
  EXPECT_FALSE(Run(0, "", IotaBlock(5)).ok()) << "there is no column 'nothing'";
}

TEST_F(JoinPartitionStepTest, BlocksOfABroadcastGoOnAsTheyAre) {
  ASSERT_TRUE(Run(std::nullopt, task::JoinInput{1, false}.Serialize(), WithCodes(3)).ok());
  EXPECT_THAT(Partitions(), ElementsAre(-1));
  EXPECT_THAT(out_.Rows(), ElementsAre(0, 1, 2));
  EXPECT_EQ(out_.blocks[0].schema()->field(1)->type()->id(), arrow::Type::DICTIONARY);
}

TEST_F(JoinPartitionStepTest, PartitionedTextIsNoDictionary) {
  ASSERT_TRUE(Run(1, "", WithCodes(100)).ok());
  EXPECT_EQ(out_.Rows().size(), 100);
  for (const Block& block : out_.blocks) {
    ASSERT_TRUE(block.schema()->field(1)->type()->Equals(arrow::utf8()));
    const auto& text = static_cast<const arrow::StringArray&>(*block.batch()->column(1));
    const auto& id = static_cast<const arrow::Int64Array&>(*block.batch()->column(0));
    for (int64_t row = 0; row < block.num_rows(); ++row) {
      EXPECT_EQ(text.GetView(row), id.Value(row) % 2 == 0 ? "even" : "odd");
    }
  }
}

TEST_F(JoinPartitionStepTest, ThereAreTwoSides) {
  EXPECT_FALSE(Run(std::nullopt, "", IotaBlock(5)).ok());
  EXPECT_FALSE(Run(std::nullopt, task::JoinInput{2, true}.Serialize(), IotaBlock(5)).ok());
}

}  // namespace
}  // namespace headrace::worker
