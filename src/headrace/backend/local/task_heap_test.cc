// SPDX-License-Identifier: Apache-2.0
#include "headrace/backend/local/task_heap.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <chrono>
#include <cstring>
#include <thread>

namespace headrace::backend {
namespace {

constexpr int64_t kMib = 1 << 20;
/// Longer than a task that is too short to be measured.
constexpr auto kTaskTime = std::chrono::milliseconds(5);

void TouchAndFree(int64_t bytes, int kind) {
  void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, kind | MAP_ANONYMOUS, -1, 0);
  std::memset(data, 1, bytes);
  munmap(data, bytes);
}

TEST(TaskHeapTest, ThePeakIsOfTheTask) {
  TaskHeap heap;
  heap.Start();
  TouchAndFree(64 * kMib, MAP_PRIVATE);
  std::this_thread::sleep_for(kTaskTime);
  const int64_t first = heap.PeakBytes();
  if (first == 0) GTEST_SKIP() << "the kernel does not reset peaks";
  EXPECT_GE(first, 60 * kMib);
  EXPECT_LT(first, 80 * kMib);
  const int64_t peak_rss = heap.PeakRssBytes();
  heap.Start();
  TouchAndFree(16 * kMib, MAP_PRIVATE);
  std::this_thread::sleep_for(kTaskTime);
  EXPECT_LT(heap.PeakBytes(), 32 * kMib);
  EXPECT_GE(heap.PeakRssBytes(), peak_rss) << "of the process";
}

TEST(TaskHeapTest, SharedMemoryThatStaysIsNoHeap) {
  TaskHeap heap;
  heap.Start();
  void* data = mmap(nullptr, 64 * kMib, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  std::memset(data, 1, 64 * kMib);
  std::this_thread::sleep_for(kTaskTime);
  EXPECT_LT(heap.PeakBytes(), 16 * kMib);
  munmap(data, 64 * kMib);
}

TEST(TaskHeapTest, AShortTaskIsNotMeasured) {
  TaskHeap heap;
  heap.Start();
  EXPECT_EQ(heap.PeakBytes(), 0);
}

}  // namespace
}  // namespace headrace::backend
