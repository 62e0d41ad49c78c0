// SPDX-License-Identifier: Apache-2.0
#include "headrace/observe/stats_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headrace::observe {
namespace {

using testing::HasSubstr;
using testing::Not;

exec::RunSnapshot OneOperator() {
  exec::RunSnapshot run;
  run.operators.emplace_back();
  run.operators[0].name = "Map(f)";
  run.operators[0].runs_tasks = true;
  return run;
}

TEST(StatsReportTest, TellsTheTimeBlockedByEachPolicy) {
  exec::RunSnapshot run = OneOperator();
  EXPECT_THAT(StatsReport(run, false), Not(HasSubstr("Backpressure")));
  run.operators[0].counters.backpressure = {{"ResourceBudget", 3.2}, {"MemoryCeiling", 0.4}};
  EXPECT_THAT(StatsReport(run, false),
              HasSubstr("* Backpressure: ResourceBudget 3.20s, MemoryCeiling 400.00ms"));
}

TEST(StatsReportTest, TellsWhoHeldBytesWhenAllocationsAreTraced) {
  exec::RunSnapshot run = OneOperator();
  run.operators[0].counters.peak_held_bytes = 3 << 20;
  EXPECT_THAT(StatsReport(run, false), Not(HasSubstr("Held")));
  run.trace_allocations = true;
  EXPECT_THAT(StatsReport(run, false), HasSubstr("* Held in the object store: 3.0MiB at most"));
}

TEST(StatsReportTest, TellsTheWorkingMemoryThatWasMeasured) {
  exec::RunSnapshot run = OneOperator();
  EXPECT_THAT(StatsReport(run, false), Not(HasSubstr("working memory")));
  run.operators[0].counters.peak_heap_bytes = 7 << 20;
  EXPECT_THAT(StatsReport(run, false), HasSubstr("Peak working memory of a task: 7.0MiB"));
}

TEST(StatsReportTest, TellsWhatWentToDisk) {
  exec::RunSnapshot run = OneOperator();
  EXPECT_THAT(StatsReport(run, false), Not(HasSubstr("Spilled")));
  run.spilled_bytes = 5 << 20;
  run.restored_bytes = 2 << 20;
  EXPECT_THAT(StatsReport(run, false), HasSubstr("Spilled to disk: 5.0MiB, read back: 2.0MiB"));
}

}  // namespace
}  // namespace headrace::observe
