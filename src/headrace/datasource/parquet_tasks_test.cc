// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/parquet_tasks.h"

#include <gtest/gtest.h>

namespace headrace::datasource {
namespace {

constexpr int64_t kMiB = 1 << 20;

/// `num_files` files of four row groups of 1,000 rows.
std::vector<RowGroupUnit> Units(int num_files, int64_t bytes_per_group) {
  std::vector<RowGroupUnit> units;
  for (int file = 0; file < num_files; ++file) {
    for (int group = 0; group < 4; ++group)
      units.push_back({file, group, 1000, bytes_per_group, 1});
  }
  return units;
}

int64_t RowsOf(const std::vector<PackedTask>& tasks) {
  int64_t rows = 0;
  for (const PackedTask& packed : tasks) {
    int64_t groups = 0;
    for (const auto& piece : packed.task.pieces) groups += piece.count;
    EXPECT_EQ(packed.num_rows, 1000 * groups);
    EXPECT_GT(groups, 0);
    rows += packed.num_rows;
  }
  return rows;
}

TEST(PackRowGroupsTest, SmallDataHasTwoTasksPerCpuAndMoreDataFour) {
  ReadParallelism parallelism;
  parallelism.num_cpus = 3;
  const auto few = PackRowGroups(Units(8, 1000), parallelism);
  EXPECT_EQ(few.size(), 6);
  EXPECT_EQ(RowsOf(few), 32'000);
  const auto more = PackRowGroups(Units(8, 4 * kMiB), parallelism);
  EXPECT_EQ(more.size(), 12);
  EXPECT_EQ(RowsOf(more), 32'000);
}

TEST(PackRowGroupsTest, WhoeverPaysPerTaskGetsFewer) {
  ReadParallelism parallelism;
  parallelism.num_cpus = 3;
  parallelism.max_tasks_per_cpu = 2;
  EXPECT_EQ(PackRowGroups(Units(8, 4 * kMiB), parallelism).size(), 6);
  parallelism.target_max_block_size = 8 * kMiB;
  EXPECT_GE(PackRowGroups(Units(8, 4 * kMiB), parallelism).size(), 16) << "none beyond a block";
}

TEST(PackRowGroupsTest, TasksAreOfSimilarSizeAndInOrder) {
  ReadParallelism parallelism;
  parallelism.override_num_blocks = 3;
  const auto tasks = PackRowGroups(Units(3, kMiB), parallelism);
  ASSERT_EQ(tasks.size(), 3);
  for (int file = 0; file < 3; ++file) {
    const auto& pieces = tasks[file].task.pieces;
    ASSERT_EQ(pieces.size(), 1) << "neighbours are one piece";
    EXPECT_EQ(pieces[0].file, file);
    EXPECT_EQ(pieces[0].first, 0);
    EXPECT_EQ(pieces[0].count, 4);
  }
}

TEST(PackRowGroupsTest, ARowGroupIsNeverCut) {
  ReadParallelism parallelism;
  parallelism.override_num_blocks = 10;
  const auto tasks = PackRowGroups(Units(1, kMiB), parallelism);
  ASSERT_EQ(tasks.size(), 4);
  int64_t blocks = 0;
  for (const PackedTask& packed : tasks) blocks += packed.task.num_blocks;
  EXPECT_EQ(blocks, 10);
}

TEST(PackRowGroupsTest, ATaskCrossesAsBytes) {
  ParquetTask task;
  task.pieces = {{1, 2, 3}, {4, 0, 1}};
  task.num_blocks = 7;
  const ParquetTask again = ParquetTask::Deserialize(task.Serialize()).ValueOrDie();
  EXPECT_EQ(again.Serialize(), task.Serialize());
  EXPECT_EQ(again.pieces.size(), 2);
  EXPECT_FALSE(ParquetTask::Deserialize("x").ok());
}

}  // namespace
}  // namespace headrace::datasource
