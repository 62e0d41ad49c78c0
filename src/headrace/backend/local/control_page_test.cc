// SPDX-License-Identifier: Apache-2.0
#include "headrace/backend/local/control_page.h"

#include <gtest/gtest.h>

#include <thread>

namespace headrace::backend {
namespace {

TEST(ControlPageTest, AcknowledgementsAreOfOneTask) {
  ControlPage page;
  EXPECT_EQ(page.Acknowledged(7), 0U);
  page.Acknowledge(7, 3);
  EXPECT_EQ(page.Acknowledged(7), 3U);
  EXPECT_EQ(page.Acknowledged(8), 0U);
  page.Acknowledge(8, 1);
  EXPECT_EQ(page.Acknowledged(8), 1U);
}

TEST(ControlPageTest, CancellationIsOfOneTask) {
  ControlPage page;
  page.Cancel(7);
  EXPECT_TRUE(page.IsCancelled(7));
  EXPECT_FALSE(page.IsCancelled(8));
}

TEST(ControlPageTest, DoesNotSleepAfterAChange) {
  ControlPage page;
  const uint32_t seen = page.changes();
  page.Wake();
  page.SleepUnlessChanged(seen);  // returns: nobody would wake it
  EXPECT_NE(page.changes(), seen);
}

TEST(ControlPageTest, NoAcknowledgementIsMissed) {
  constexpr uint32_t kBlocks = 20'000;
  ControlPage page;
  std::atomic<uint32_t> put{0};
  std::thread driver([&] {
    for (uint32_t done = 0; done < kBlocks;) {
      if (put.load() == done) continue;
      page.Acknowledge(1, ++done);
    }
  });
  for (uint32_t i = 1; i <= kBlocks; ++i) {
    put = i;
    while (true) {
      const uint32_t seen = page.changes();
      if (page.Acknowledged(1) == i) break;
      page.SleepUnlessChanged(seen);
    }
  }
  driver.join();
}

}  // namespace
}  // namespace headrace::backend
