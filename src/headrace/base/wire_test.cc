// SPDX-License-Identifier: Apache-2.0
#include "headrace/base/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace headrace {
namespace {

TEST(WireTest, ValuesArriveAsTheyWere) {
  WireWriter out;
  out.U64(~uint64_t{0});
  out.I64(std::numeric_limits<int64_t>::min());
  out.F64(-0.1);
  out.Bool(true);
  out.Bool(false);
  out.Str(std::string_view("a\0b", 3));
  out.Str("");
  out.Strs({"x", "", "yz"});
  WireReader in(out.bytes());
  EXPECT_EQ(in.U64(), ~uint64_t{0});
  EXPECT_EQ(in.I64(), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(in.F64(), -0.1);
  EXPECT_TRUE(in.Bool());
  EXPECT_FALSE(in.Bool());
  EXPECT_EQ(in.Str(), std::string("a\0b", 3));
  EXPECT_EQ(in.View(), "");
  EXPECT_THAT(in.Strs(), testing::ElementsAre("x", "", "yz"));
  EXPECT_TRUE(in.AtEnd());
  EXPECT_TRUE(in.Finish().ok());
}

TEST(WireTest, AViewPointsIntoTheMessage) {
  WireWriter out;
  out.Str("hello");
  const std::string bytes = out.Take();
  WireReader in(bytes);
  EXPECT_EQ(in.View().data(), bytes.data() + sizeof(uint64_t));
}

TEST(WireTest, EveryTruncationIsNoticedOnceAtTheEnd) {
  WireWriter out;
  out.Str("hello");
  out.Strs({"a", "b"});
  out.F64(1);
  for (size_t size = 0; size < out.bytes().size(); ++size) {
    WireReader in(std::string_view(out.bytes()).substr(0, size));
    in.Str();
    in.Strs();
    in.F64();
    EXPECT_TRUE(in.failed()) << size;
    EXPECT_FALSE(in.Finish().ok()) << size;
  }
}

TEST(WireTest, AnAbsurdCountAllocatesNothing) {
  WireWriter out;
  out.U64(uint64_t{1} << 60);
  WireReader in(out.bytes());
  EXPECT_THAT(in.Strs(), testing::IsEmpty());
  EXPECT_TRUE(in.failed());
}

TEST(WireTest, ReadingPastTheEndGivesZeros) {
  WireReader in("");
  EXPECT_EQ(in.U64(), 0);
  EXPECT_EQ(in.Str(), "");
  EXPECT_FALSE(in.Bool());
  EXPECT_TRUE(in.failed());
}

}  // namespace
}  // namespace headrace
