// SPDX-License-Identifier: Apache-2.0
#include "headrace/base/fault_point.h"

#include <gtest/gtest.h>

namespace headrace {
namespace {

class FaultPointTest : public testing::Test {
 protected:
  ~FaultPointTest() override { DisarmFaults(); }
};

TEST_F(FaultPointTest, AnUnarmedFaultDoesNothing) { EXPECT_TRUE(HitFault("a").ok()); }

TEST_F(FaultPointTest, FailsOnceOnTheChosenHit) {
  ArmFault("a", Status::IOError("disk full"), /*nth=*/2);
  EXPECT_TRUE(HitFault("a").ok());
  EXPECT_TRUE(HitFault("b").ok());
  EXPECT_TRUE(HitFault("a").IsIOError());
  EXPECT_TRUE(HitFault("a").ok());
}

TEST_F(FaultPointTest, DisarmingForgetsAll) {
  ArmFault("a", Status::IOError("disk full"));
  DisarmFaults();
  EXPECT_TRUE(HitFault("a").ok());
}

}  // namespace
}  // namespace headrace
