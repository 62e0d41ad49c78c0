// SPDX-License-Identifier: Apache-2.0
#include "headrace/worker/transform_chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/testkit/blocks.h"
#include "headrace/testkit/collecting_output.h"
#include "headrace/worker/steps/map_steps.h"
#include "headrace/worker/steps/native_steps.h"

namespace headrace::worker {
namespace {

using testing::ElementsAre;
using testkit::CollectingOutput;
using testkit::Ids;
using testkit::Iota;
using testkit::IotaBlock;

class TransformChainTest : public testing::Test {
 protected:
  Status Run(const TransformChain& chain, const std::vector<Block>& inputs,
             const task::TaskParams& params = {}) {
    ARROW_ASSIGN_OR_RAISE(const auto runner, chain.MakeRunner());
    return runner->Run(inputs, params, out_, &stats_);
  }
  /// One filter, one projection, one limit, one repartition: everything that needs no file.
  static std::vector<StepSpecPtr> NativeSteps() {
    expr::Projection doubled;
    doubled.exprs.push_back({"id", Col("id") * Lit(int64_t{2})});
    return {std::make_shared<FilterStepSpec>(Col("id") >= Lit(int64_t{2})),
            std::make_shared<BatchStepSpec>(3),
            std::make_shared<ProjectStepSpec>(std::move(doubled)),
            std::make_shared<LimitStepSpec>(5),
            std::make_shared<RepartitionStepSpec>("Repartition", 4, true)};
  }
  CollectingOutput out_;
  task::TaskStats stats_;
};

TEST_F(TransformChainTest, RunsItsStepsInOrder) {
  const TransformChain chain("chain", NativeSteps(), {});
  EXPECT_EQ(chain.lane(), task::Lane::kThread);
  ASSERT_TRUE(Run(chain, {IotaBlock(4), IotaBlock(6, 4)}).ok());
  EXPECT_THAT(out_.Rows(), ElementsAre(4, 6, 8, 10, 12));
  EXPECT_EQ(stats_.rows_in, 10);
  EXPECT_EQ(stats_.rows_out, 5);
  EXPECT_EQ(stats_.blocks_out, static_cast<int64_t>(out_.blocks.size()));
}

TEST_F(TransformChainTest, ComesOutOfItsBytesAsItWas) {
  ChainOptions options;
  options.num_cpus = 0.5;
  options.max_errored_files = 3;
  const TransformChain chain("chain", NativeSteps(), options);
  const std::string bytes = chain.Serialize().ValueOrDie();
  const auto again = TransformChain::Deserialize(bytes).ValueOrDie();
  EXPECT_EQ(again->operator_name(), "chain");
  EXPECT_EQ(again->options().num_cpus, 0.5);
  EXPECT_EQ(again->options().max_errored_files, 3);
  ASSERT_EQ(again->steps().size(), 5);
  EXPECT_EQ(again->Serialize().ValueOrDie(), bytes);
  ASSERT_TRUE(Run(*again, {IotaBlock(10)}).ok());
  EXPECT_THAT(out_.Rows(), ElementsAre(4, 6, 8, 10, 12));
}

TEST_F(TransformChainTest, TruncatedBytesAreAnError) {
  const std::string bytes = TransformChain("chain", NativeSteps(), {}).Serialize().ValueOrDie();
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(TransformChain::Deserialize(std::string_view(bytes).substr(0, size)).ok()) << size;
  }
}

TEST_F(TransformChainTest, APythonStepBelongsInTheProcessLaneUnlessInlined) {
  PythonUdf udf;
  udf.name = "f";
  udf.pickled = std::string("\0pickle", 7);
  udf.batch_size = 8;
  udf.is_class = true;
  const std::vector<StepSpecPtr> steps = {std::make_shared<PythonStepSpec>("MapBatches(f)", udf)};
  const TransformChain chain("chain", steps, {});
  EXPECT_EQ(chain.lane(), task::Lane::kProcess);
  EXPECT_TRUE(chain.stateful());
  ChainOptions inlined;
  inlined.inline_udfs = true;
  EXPECT_EQ(TransformChain("chain", steps, inlined).lane(), task::Lane::kThread);
  const std::string bytes = chain.Serialize().ValueOrDie();
  const auto again = TransformChain::Deserialize(bytes).ValueOrDie();
  EXPECT_EQ(again->Serialize().ValueOrDie(), bytes);
  EXPECT_TRUE(again->stateful());
  EXPECT_TRUE(Run(chain, {IotaBlock(1)}).IsInvalid()) << "no Python runs in this process";
}

TEST_F(TransformChainTest, ACppFunctionCannotLeaveItsProcess) {
  const TransformChain chain(
      "chain",
      {std::make_shared<NativeStepSpec>(
          "f", [](const Block& block) -> Result<Block> { return block.Slice(0, 1); })},
      {});
  EXPECT_TRUE(chain.Serialize().status().IsInvalid());
  ASSERT_TRUE(Run(chain, {IotaBlock(3)}).ok());
  EXPECT_THAT(out_.Rows(), ElementsAre(0));
}

TEST_F(TransformChainTest, OutputsOfSmallInputsStayApartWhenAsked) {
  const TransformChain chain("chain", {std::make_shared<FilterStepSpec>(Lit(true))}, {});
  task::TaskParams params;
  params.flush_per_block = true;
  ASSERT_TRUE(Run(chain, {IotaBlock(2), IotaBlock(2, 2)}, params).ok());
  EXPECT_EQ(out_.blocks.size(), 2);
  out_.blocks.clear();
  ASSERT_TRUE(Run(chain, {IotaBlock(2), IotaBlock(2, 2)}).ok());
  EXPECT_EQ(out_.blocks.size(), 1);
}

TEST_F(TransformChainTest, StopsFeedingOnceALimitIsReached) {
  int calls = 0;
  const TransformChain chain(
      "chain",
      {std::make_shared<NativeStepSpec>("count",
                                        [&](const Block& b) -> Result<Block> {
                                          ++calls;
                                          return b;
                                        }),
       std::make_shared<LimitStepSpec>(2)},
      {});
  ASSERT_TRUE(Run(chain, {IotaBlock(2), IotaBlock(2), IotaBlock(2)}).ok());
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(out_.Rows(), Iota(2));
}

TEST_F(TransformChainTest, CountGivesOneRowPerTask) {
  const TransformChain chain("chain", {std::make_shared<CountStepSpec>()}, {});
  ASSERT_TRUE(Run(chain, {IotaBlock(2), IotaBlock(3)}).ok());
  EXPECT_THAT(out_.Rows(), ElementsAre(5));
}

TEST_F(TransformChainTest, BatchesCrossBlockBoundaries) {
  std::vector<int64_t> sizes;
  const TransformChain chain(
      "chain",
      {std::make_shared<BatchStepSpec>(4),
       std::make_shared<NativeStepSpec>("note",
                                        [&](const Block& b) -> Result<Block> {
                                          sizes.push_back(b.num_rows());
                                          return b;
                                        })},
      {});
  ASSERT_TRUE(Run(chain, {IotaBlock(3), IotaBlock(6, 3)}).ok());
  EXPECT_THAT(sizes, ElementsAre(4, 4, 1));
  EXPECT_EQ(out_.Rows(), Iota(9));
}

TEST_F(TransformChainTest, ACancelledTaskSaysSo) {
  const TransformChain chain("chain", NativeSteps(), {});
  out_.stop = true;
  const Status status = Run(chain, {IotaBlock(3)});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(GetErrorDetail(status)->kind(), ErrorKind::kCancelled);
}

/// Stands for Python: notes how large the blocks are that a function is given.
class NotingHost final : public UdfHost {
 public:
  Result<std::unique_ptr<Step>> MakeStep(const PythonUdf&, const StepContext&) override {
    class Note final : public Step {
     public:
      explicit Note(std::vector<int64_t>* bytes) : bytes_(bytes) {}
      Status Process(Block block, BlockSink& out) override {
        bytes_->push_back(block.size_bytes());
        return out.Put(std::move(block));
      }

     private:
      std::vector<int64_t>* const bytes_;
    };
    return std::make_unique<Note>(&bytes);
  }
  std::vector<int64_t> bytes;
};

TEST_F(TransformChainTest, FunctionsOfRowsGetLargeBlocksInPieces) {
  NotingHost host;
  StepContext context;
  context.udf_host = &host;
  class Ignore final : public BlockSink {
   public:
    Status Put(Block block) override {
      for (const int64_t id : Ids(block)) rows.push_back(id);
      return Status::OK();
    }
    std::vector<int64_t> rows;
  } sink;
  for (const UdfMode mode : {UdfMode::kFlatMap, UdfMode::kMapBatches}) {
    host.bytes.clear();
    sink.rows.clear();
    PythonUdf udf;
    udf.mode = mode;
    const auto step = *PythonStepSpec("f", udf).Make(context);
    ASSERT_TRUE(step->Begin({.target_max_block_size = 4 << 20}).ok());
    ASSERT_TRUE(step->Process(IotaBlock(1 << 20), sink).ok());
    ASSERT_TRUE(step->Finish(sink).ok());
    EXPECT_EQ(sink.rows, Iota(1 << 20));
    EXPECT_EQ(host.bytes.size(), mode == UdfMode::kFlatMap ? 8u : 1u);
  }
}

}  // namespace
}  // namespace headrace::worker
