// SPDX-License-Identifier: Apache-2.0
#include "headrace/store/memory_budget.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace headrace::store {
namespace {

TEST(MemoryBudgetTest, AReservationGivesItselfBack) {
  MemoryBudget budget(100);
  {
    const Reservation reservation = budget.Charge(60);
    EXPECT_EQ(reservation.bytes(), 60);
    EXPECT_EQ(budget.used_bytes(), 60);
  }
  EXPECT_EQ(budget.used_bytes(), 0);
  EXPECT_EQ(budget.peak_bytes(), 60);
}

TEST(MemoryBudgetTest, WhatExistsIsChargedPastTheLimit) {
  MemoryBudget budget(100);
  const Reservation reservation = budget.Charge(150);
  EXPECT_EQ(budget.used_bytes(), 150);
}

TEST(MemoryBudgetTest, AMovedReservationIsGivenBackOnce) {
  MemoryBudget budget(-1);
  {
    Reservation first = budget.Charge(10);
    Reservation second = std::move(first);
    EXPECT_EQ(first.bytes(), 0);
    Reservation third;
    third = std::move(second);
    EXPECT_EQ(budget.used_bytes(), 10);
  }
  EXPECT_EQ(budget.used_bytes(), 0);
}

TEST(MemoryBudgetTest, ASplitKeepsTheSum) {
  MemoryBudget budget(-1);
  Reservation whole = budget.Charge(10);
  {
    const Reservation part = whole.Split(4);
    EXPECT_EQ(part.bytes(), 4);
    EXPECT_EQ(whole.bytes(), 6);
    EXPECT_EQ(budget.used_bytes(), 10);
  }
  EXPECT_EQ(budget.used_bytes(), 6);
  EXPECT_EQ(whole.Split(100).bytes(), 6) << "at most what is there";
}

TEST(MemoryBudgetTest, CountsExactlyFromManyThreads) {
  MemoryBudget budget(-1);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 1000; ++k) const Reservation reservation = budget.Charge(k);
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(budget.used_bytes(), 0);
  EXPECT_GE(budget.peak_bytes(), 999);
}

}  // namespace
}  // namespace headrace::store
