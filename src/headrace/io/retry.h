// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/base/wire.h"

namespace headrace::io {

/// Which failures of storage are tried again, and for how long. See DataContext.
struct RetryPolicy {
  /// Pieces of error messages that are worth another try, besides answers that end too early.
  std::vector<std::string> retried_errors;
  int64_t max_attempts = 10;
  double max_backoff_s = 32;
  double deadline_s = 300;  // of all attempts of one request

  void WriteTo(WireWriter* out) const;
  static RetryPolicy ReadFrom(WireReader* in);
  bool operator==(const RetryPolicy&) const = default;
};

/// An answer that is shorter than what was asked for; always tried again.
Status CutOff(std::string_view path, int64_t wanted, int64_t got, int64_t offset);

/// The attempts of one request. One thread.
class Retries {
 public:
  /// Borrows `policy`, and `cancelled` (nullptr: nobody cancels), which ends waiting.
  Retries(const RetryPolicy& policy, const std::atomic<bool>* cancelled);
  /// Whether the request that failed with `status` should be made again. Waits before it says so:
  /// 0.1 s at first, twice as long each time, up to half of it left out at random.
  bool Again(const Status& status);
  /// `status`, saying how often it was tried when that was more than once.
  Status GivenUp(const Status& status) const;

 private:
  const RetryPolicy& policy_;
  const std::atomic<bool>* cancelled_;
  const std::chrono::steady_clock::time_point begin_;
  int64_t attempts_ = 0;
};

inline const Status& StatusOf(const Status& status) { return status; }
template <typename T>
Status StatusOf(const Result<T>& result) {
  return result.status();
}

/// Result of `request` (a Status or Result), made again as `policy` says.
template <typename Request>
auto WithRetries(const RetryPolicy& policy, const std::atomic<bool>* cancelled, Request&& request)
    -> decltype(request()) {
  Retries retries(policy, cancelled);
  while (true) {
    auto result = request();
    if (result.ok()) return result;
    const Status status = StatusOf(result);
    if (!retries.Again(status)) return retries.GivenUp(status);
  }
}

}  // namespace headrace::io
