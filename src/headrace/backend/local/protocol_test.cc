// SPDX-License-Identifier: Apache-2.0
#include "headrace/backend/local/protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headrace::backend {
namespace {

TEST(ProtocolTest, IdsArriveAsTheyWere) {
  WireWriter out;
  WriteIds({}, &out);
  WriteIds({7, ~uint64_t{0}}, &out);
  WireReader in(out.bytes());
  EXPECT_THAT(ReadIds(&in), testing::IsEmpty());
  EXPECT_THAT(ReadIds(&in), testing::ElementsAre(7, ~uint64_t{0}));
  EXPECT_TRUE(in.Finish().ok());
  EXPECT_TRUE(in.AtEnd());
}

TEST(ProtocolTest, ParamsArriveAsTheyWere) {
  task::TaskParams params;
  params.task_index = 12;
  params.write_id = "run";
  params.target_max_block_size = -1;
  params.target_min_block_size = 5;
  params.max_unread_blocks = 2;
  params.flush_per_block = true;
  WireWriter out;
  WriteParams(params, &out);
  WireReader in(out.bytes());
  const task::TaskParams read = ReadParams(&in);
  EXPECT_EQ(read.task_index, 12);
  EXPECT_EQ(read.write_id, "run");
  EXPECT_EQ(read.target_max_block_size, -1);
  EXPECT_EQ(read.target_min_block_size, 5);
  EXPECT_EQ(read.max_unread_blocks, 2);
  EXPECT_TRUE(read.flush_per_block);
  EXPECT_TRUE(in.AtEnd());
}

TEST(ProtocolTest, MemoryLimitsArriveAsTheyWere) {
  WireWriter out;
  WriteMemoryLimits({3, 4}, &out);
  WireReader in(out.bytes());
  const MemoryLimits read = ReadMemoryLimits(&in);
  EXPECT_EQ(read.max_idle_bytes, 3);
  EXPECT_EQ(read.malloc_keep_bytes, 4);
  EXPECT_TRUE(in.AtEnd());
}

TEST(ProtocolTest, StatsArriveAsTheyWere) {
  task::TaskStats stats;
  stats.wall_s = 0.5;
  stats.cpu_s = 0.25;
  stats.udf_s = 0.125;
  stats.rows_in = 1;
  stats.rows_out = 2;
  stats.rows_consumed = 7;
  stats.bytes_out = 3;
  stats.blocks_out = 4;
  stats.skipped_inputs = 5;
  stats.peak_rss_bytes = 6;
  stats.heap_peak_bytes = 8;
  WireWriter out;
  WriteStats(stats, &out);
  WireReader in(out.bytes());
  const task::TaskStats read = ReadStats(&in);
  EXPECT_EQ(read.wall_s, 0.5);
  EXPECT_EQ(read.cpu_s, 0.25);
  EXPECT_EQ(read.udf_s, 0.125);
  EXPECT_EQ(read.rows_in, 1);
  EXPECT_EQ(read.rows_out, 2);
  EXPECT_EQ(read.rows_consumed, 7);
  EXPECT_EQ(read.bytes_out, 3);
  EXPECT_EQ(read.heap_peak_bytes, 8);
  EXPECT_EQ(read.blocks_out, 4);
  EXPECT_EQ(read.skipped_inputs, 5);
  EXPECT_EQ(read.peak_rss_bytes, 6);
  EXPECT_TRUE(in.AtEnd());
}

TEST(ProtocolTest, AStatusKeepsItsCodeMessageAndDetail) {
  for (const Status& status :
       {Status::OK(), Status::KeyError("no column"),
        WithOperator(MakeError(arrow::StatusCode::Invalid, ErrorKind::kUserCode, "raised",
                               std::string("pick\0led", 8)),
                     "Map(f)")}) {
    WireWriter out;
    WriteStatus(status, &out);
    WireReader in(out.bytes());
    const Status read = ReadStatus(&in);
    EXPECT_EQ(read.code(), status.code());
    EXPECT_EQ(read.ok() ? "" : read.message(), status.ok() ? "" : status.message());
    const ErrorDetail* detail = GetErrorDetail(read);
    ASSERT_EQ(detail == nullptr, GetErrorDetail(status) == nullptr);
    if (detail != nullptr) {
      EXPECT_EQ(detail->kind(), ErrorKind::kUserCode);
      EXPECT_EQ(detail->payload(), std::string("pick\0led", 8));
      EXPECT_EQ(detail->operator_name(), "Map(f)");
    }
    EXPECT_TRUE(in.AtEnd());
  }
}

}  // namespace
}  // namespace headrace::backend
