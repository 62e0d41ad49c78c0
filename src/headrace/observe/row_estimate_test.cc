// SPDX-License-Identifier: Apache-2.0
#include "headrace/observe/row_estimate.h"

#include <gtest/gtest.h>

namespace headrace::observe {
namespace {

exec::OperatorSnapshot Source(int64_t rows) {
  exec::OperatorSnapshot op;
  op.name = "Input";
  op.max_rows_out = rows;
  return op;
}

/// Its tasks made `rows_out` of `rows_in_done` rows so far.
exec::OperatorSnapshot Map(int input, int64_t rows_in_done, int64_t rows_out) {
  exec::OperatorSnapshot op;
  op.name = "Map(f)";
  op.runs_tasks = true;
  op.inputs = {input};
  op.counters.rows_in_done = rows_in_done;
  op.counters.rows_out = rows_out;
  if (rows_in_done > 0) op.counters.task_rows.Add(static_cast<double>(rows_out));
  return op;
}

TEST(EstimateTotalRowsTest, ExpectsOfTheRestWhatFinishedTasksMade) {
  exec::RunSnapshot run;
  run.operators = {Source(8), Map(0, 2, 500), Map(1, 100, 10)};
  EXPECT_EQ(EstimateTotalRows(run), (std::vector<int64_t>{8, 2000, 200}));
}

TEST(EstimateTotalRowsTest, IsUnknownBeforeAReadHasEnded) {
  exec::RunSnapshot run;
  run.operators = {Source(8), Map(0, 0, 0), Map(1, 0, 0)};
  run.operators[1].input_is_rows = false;
  EXPECT_EQ(EstimateTotalRows(run), (std::vector<int64_t>{8, -1, -1}));
}

TEST(EstimateTotalRowsTest, IsThatOfTheInputBeforeAnotherTaskHasEnded) {
  exec::RunSnapshot run;
  run.operators = {Source(8), Map(0, 0, 0)};
  EXPECT_EQ(EstimateTotalRows(run)[1], 8);
}

TEST(EstimateTotalRowsTest, IsWhatCameOutWhenAnOperatorIsDone) {
  exec::RunSnapshot run;
  run.operators = {Source(8), Map(0, 8, 1990)};
  run.operators[1].done = true;
  EXPECT_EQ(EstimateTotalRows(run)[1], 1990);
}

TEST(EstimateTotalRowsTest, ALimitBoundsIt) {
  exec::RunSnapshot run;
  run.operators = {Source(1000), Source(0), Source(0)};
  run.operators[1].inputs = {0};
  run.operators[1].max_rows_out = 30;
  run.operators[2].inputs = {0};
  run.operators[2].max_rows_out = 5000;
  EXPECT_EQ(EstimateTotalRows(run), (std::vector<int64_t>{1000, 30, 1000}));
}

TEST(EstimateTotalRowsTest, CountsWrittenRowsAndNotReceipts) {
  exec::RunSnapshot run;
  run.operators = {Source(100), Map(0, 50, 1)};
  run.operators[1].counters.rows_consumed = 50;
  run.operators[1].counters.task_rows = {};
  run.operators[1].counters.task_rows.Add(50);
  EXPECT_EQ(EstimateTotalRows(run)[1], 100);
  EXPECT_EQ(run.operators[1].rows(), 50);
}

}  // namespace
}  // namespace headrace::observe
