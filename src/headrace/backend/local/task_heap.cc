// SPDX-License-Identifier: Apache-2.0
#include "headrace/backend/local/task_heap.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>

#include "headrace/base/process_memory.h"

namespace headrace::backend {
namespace {

/// Reading the peak costs about 40 µs. A shorter task cannot have touched much.
constexpr int64_t kMinTaskUs = 2000;

int64_t NowUs() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

TaskHeap::TaskHeap()
    : statm_(open("/proc/self/statm", O_RDONLY | O_CLOEXEC)),
      clear_refs_(open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC)) {}

TaskHeap::Resident TaskHeap::Read() const {
  std::array<char, 128> text{};
  const ssize_t size = pread(statm_.get(), text.data(), text.size() - 1, 0);
  if (size <= 0) return {};
  // Pages: size, resident, shared, …
  char* at = text.data();
  std::strtoll(at, &at, 10);
  static const int64_t page = sysconf(_SC_PAGESIZE);
  const int64_t resident = std::strtoll(at, &at, 10) * page;
  return {resident, std::strtoll(at, &at, 10) * page};
}

void TaskHeap::Start() {
  if (clear_refs_.valid() && pwrite(clear_refs_.get(), "5", 1, 0) != 1) clear_refs_.Reset();
  start_ = Read();
  start_us_ = NowUs();
}

int64_t TaskHeap::PeakBytes() const {
  if (NowUs() - start_us_ < kMinTaskUs) return 0;
  const Resident now = Read();
  const int64_t peak = clear_refs_.valid() ? PeakResidentBytes() : now.total;
  // Inputs that were looked at and outputs that were handed on are shared memory.
  const int64_t shared = std::max<int64_t>(0, now.shared - start_.shared);
  return std::max<int64_t>(0, peak - start_.total - shared);
}

int64_t TaskHeap::PeakRssBytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  peak_rss_ = std::max<int64_t>(peak_rss_, usage.ru_maxrss * 1024);
  return peak_rss_;
}

}  // namespace headrace::backend
