// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/test_files.h"

namespace headrace::datasource {
namespace {

class RangeDatasourceTest : public DatasourceTest {};

TEST_F(RangeDatasourceTest, YieldsEveryNumberOnceInOrder) {
  const Block block = ValueOf(ReadAll(ValueOf(MakeRangeDatasource(1000))));
  ASSERT_EQ(block.num_rows(), 1000);
  const auto& ids = static_cast<const arrow::Int64Array&>(*block.batch()->column(0));
  for (int64_t i = 0; i < 1000; ++i) ASSERT_EQ(ids.Value(i), i);
}

TEST_F(RangeDatasourceTest, HonoursTheNumberOfBlocksUpToTheNumberOfRows) {
  ReadParallelism parallelism;
  parallelism.override_num_blocks = 7;
  EXPECT_EQ(ValueOf(ValueOf(MakeRangeDatasource(1000))->PlanReadTasks(parallelism)).size(), 7u);
  EXPECT_EQ(ValueOf(ValueOf(MakeRangeDatasource(3))->PlanReadTasks(parallelism)).size(), 3u);
}

TEST_F(RangeDatasourceTest, TensorsHoldTheRowNumber) {
  const Block block = ValueOf(ReadAll(ValueOf(MakeRangeDatasource(4, {2, 2}))));
  EXPECT_EQ(block.num_rows(), 4);
  EXPECT_EQ(block.schema()->field(0)->name(), "data");
  EXPECT_EQ(TensorShape(*block.schema()->field(0)->type()), (std::vector<int64_t>{2, 2}));
}

TEST_F(RangeDatasourceTest, StopsAtTheLimit) {
  ReadParallelism parallelism;
  parallelism.override_num_blocks = 1;
  ReadOptions options;
  options.limit_rows = 5;
  EXPECT_EQ(ValueOf(ReadAll(ValueOf(MakeRangeDatasource(100)), parallelism, options)).num_rows(),
            5);
}

}  // namespace
}  // namespace headrace::datasource
