// SPDX-License-Identifier: Apache-2.0
#include "headrace/store/memory_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <optional>
#include <random>
#include <thread>

namespace headrace::store {
namespace {

using testing::ElementsAre;

bool Never() { return false; }

TEST(MemoryLedgerTest, WithoutALimitEverythingIsAdmitted) {
  MemoryLedger ledger(-1);
  ledger.SetMeasured(int64_t{1} << 60);
  EXPECT_TRUE(ledger.Admits(int64_t{1} << 60));
  EXPECT_FALSE(ledger.pressed());
}

TEST(MemoryLedgerTest, AdmitsWhatFitsBesideStoreAndPromises) {
  MemoryLedger ledger(100);
  ledger.AddStoreBytes(30);
  auto task = ledger.ReserveHeap(50);
  EXPECT_TRUE(ledger.Admits(20));
  EXPECT_FALSE(ledger.Admits(21));
  ledger.AddStoreBytes(-10);
  EXPECT_TRUE(ledger.Admits(30));
  task = {};
  EXPECT_TRUE(ledger.Admits(80));
  EXPECT_EQ(ledger.heap_bytes(), 0);
}

TEST(MemoryLedgerTest, WhatWasMeasuredCountsAsWell) {
  MemoryLedger ledger(100);
  ledger.SetMeasured(86);
  EXPECT_TRUE(ledger.pressed());
  EXPECT_FALSE(ledger.Admits(15)) << "nothing was promised, but the processes have grown";
  ledger.SetMeasured(85);
  EXPECT_FALSE(ledger.pressed());
  EXPECT_TRUE(ledger.Admits(15));
}

TEST(MemoryLedgerTest, PromisesMayPassTheLimit) {
  MemoryLedger ledger(100);
  const auto task = ledger.ReserveHeap(500);
  EXPECT_EQ(ledger.heap_bytes(), 500);
  EXPECT_FALSE(ledger.Admits(0));
}

TEST(MemoryLedgerTest, SubscribersHearOfRoomOncePerRefusal) {
  MemoryLedger ledger(100);
  int calls = 0;
  auto subscription = ledger.Subscribe([&] { ++calls; });
  auto first = ledger.ReserveHeap(60);
  auto second = ledger.ReserveHeap(40);
  first = {};
  EXPECT_EQ(calls, 0) << "nobody was refused";
  EXPECT_FALSE(ledger.Admits(70));
  second = {};
  EXPECT_EQ(calls, 1);
  ledger.AddStoreBytes(10);
  ledger.AddStoreBytes(-10);
  EXPECT_EQ(calls, 1);
  ledger.SetMeasured(90);
  EXPECT_FALSE(ledger.Admits(20));
  ledger.SetMeasured(10);
  EXPECT_EQ(calls, 2);
  EXPECT_FALSE(ledger.Admits(200));
  subscription.Reset();
  ledger.AddStoreBytes(-1);
  EXPECT_EQ(calls, 2) << "it does not listen any more";
}

TEST(MemoryLedgerTest, TheFirstExtraPassesWhateverTheLimitSays) {
  MemoryLedger ledger(100);
  const auto task = ledger.ReserveHeap(90);
  auto extra = ledger.WaitFor(1000, Never);
  ASSERT_TRUE(extra.ok());
  EXPECT_EQ(extra->bytes(), 1000);
  EXPECT_EQ(ledger.heap_bytes(), 1090);
}

TEST(MemoryLedgerTest, ExtrasPassTogetherWhileTheyFit) {
  MemoryLedger ledger(100);
  const auto first = ledger.WaitFor(40, Never);
  const auto second = ledger.WaitFor(60, Never);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(ledger.heap_bytes(), 100);
}

TEST(MemoryLedgerTest, ExtrasWaitInTheOrderOfTheirCalls) {
  MemoryLedger ledger(100);
  std::optional<MemoryLedger::Reservation> held = *ledger.WaitFor(80, Never);
  std::mutex mutex;
  std::vector<int> order;
  std::vector<std::thread> threads;
  std::vector<std::promise<void>> asked(3);
  for (int i = 0; i < 3; ++i) {
    // The first wants much and the others little: they must not pass it.
    threads.emplace_back([&, i] {
      bool told = false;
      const auto extra = ledger.WaitFor(i == 0 ? 100 : 10, [&] {
        if (!std::exchange(told, true)) asked[i].set_value();
        return false;
      });
      ASSERT_TRUE(extra.ok());
      const std::scoped_lock lock(mutex);
      order.push_back(i);
    });
    asked[i].get_future().wait();  // it stands in line
  }
  held.reset();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(order.front(), 0);
  EXPECT_EQ(ledger.heap_bytes(), 0);
}

TEST(MemoryLedgerTest, ACancelledWaiterLeavesTheLineToTheNext) {
  MemoryLedger ledger(100);
  std::optional<MemoryLedger::Reservation> held = *ledger.WaitFor(80, Never);
  std::atomic<bool> cancelled{false};
  std::promise<void> asked;
  std::thread first([&] {
    bool told = false;
    const auto extra = ledger.WaitFor(90, [&] {
      if (!std::exchange(told, true)) asked.set_value();
      return cancelled.load();
    });
    EXPECT_TRUE(extra.status().IsCancelled());
  });
  asked.get_future().wait();
  std::thread second([&] { EXPECT_TRUE(ledger.WaitFor(20, Never).ok()); });
  cancelled = true;
  first.join();
  second.join();
  held.reset();
  EXPECT_EQ(ledger.heap_bytes(), 0);
}

TEST(MemoryLedgerTest, ManyWaitersAllPassWithinTheLimitOrAlone) {
  constexpr int64_t kLimit = 100;
  MemoryLedger ledger(kLimit);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::minstd_rand random(t);
      for (int i = 0; i < 300; ++i) {
        const auto bytes = static_cast<int64_t>(random() % 150);
        const auto extra = ledger.WaitFor(bytes, Never);
        ASSERT_TRUE(extra.ok());
        const int64_t heap = ledger.heap_bytes();
        EXPECT_TRUE(heap <= kLimit || heap == bytes) << heap << " with one of " << bytes;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(ledger.heap_bytes(), 0);
}

}  // namespace
}  // namespace headrace::store
