// SPDX-License-Identifier: Apache-2.0
#include "headrace/io/retry.h"

#include <algorithm>
#include <random>
#include <thread>

#include "headrace/base/log.h"

namespace headrace::io {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr double kFirstBackoffS = 0.1;
// How soon a wait notices that nobody wants the result any more.
constexpr double kCancelledCheckS = 0.05;
constexpr std::string_view kCutOff = "the answer ended too early";

double Jitter() {
  thread_local std::minstd_rand random(std::random_device{}());
  return std::uniform_real_distribution<double>(0.5, 1.0)(random);
}

bool IsRetried(const RetryPolicy& policy, const Status& status) {
  const std::string& message = status.message();
  if (message.find(kCutOff) != std::string::npos) return true;
  return std::any_of(policy.retried_errors.begin(), policy.retried_errors.end(),
                     [&](const std::string& piece) {
                       return !piece.empty() && message.find(piece) != std::string::npos;
                     });
}

}  // namespace

void RetryPolicy::WriteTo(WireWriter* out) const {
  out->Strs(retried_errors);
  out->I64(max_attempts);
  out->F64(max_backoff_s);
  out->F64(deadline_s);
}

RetryPolicy RetryPolicy::ReadFrom(WireReader* in) {
  RetryPolicy policy;
  policy.retried_errors = in->Strs();
  policy.max_attempts = in->I64();
  policy.max_backoff_s = in->F64();
  policy.deadline_s = in->F64();
  return policy;
}

Status CutOff(std::string_view path, int64_t wanted, int64_t got, int64_t offset) {
  return Status::IOError("Reading '", path, "': ", kCutOff, ": ", wanted,
                         " bytes were wanted at offset ", offset, ", ", got, " came");
}

Retries::Retries(const RetryPolicy& policy, const std::atomic<bool>* cancelled)
    : policy_(policy), cancelled_(cancelled), begin_(std::chrono::steady_clock::now()) {}

bool Retries::Again(const Status& status) {
  ++attempts_;
  if (attempts_ >= policy_.max_attempts || !IsRetried(policy_, status)) return false;
  const double doubled =
      kFirstBackoffS * static_cast<double>(int64_t{1} << std::min<int64_t>(attempts_ - 1, 30));
  double wait_s = std::min(doubled, policy_.max_backoff_s) * Jitter();
  const Seconds passed = std::chrono::steady_clock::now() - begin_;
  if (passed.count() + wait_s > policy_.deadline_s) return false;
  Log(LogLevel::kDebug, "Storage request is tried again",
      {{"attempt", std::to_string(attempts_)}, {"error", status.message()}});
  while (true) {
    if (cancelled_ != nullptr && cancelled_->load(std::memory_order_relaxed)) return false;
    if (wait_s <= 0) return true;
    std::this_thread::sleep_for(Seconds(std::min(wait_s, kCancelledCheckS)));
    wait_s -= kCancelledCheckS;
  }
}

Status Retries::GivenUp(const Status& status) const {
  if (attempts_ <= 1) return status;
  const Seconds passed = std::chrono::steady_clock::now() - begin_;
  char seconds[32];
  std::snprintf(seconds, sizeof(seconds), "%.1f", passed.count());
  return status.WithMessage(status.message(), " (tried ", attempts_, " times in ", seconds,
                            " s; see DataContext.retried_io_errors)");
}

}  // namespace headrace::io
