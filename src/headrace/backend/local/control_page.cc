// SPDX-License-Identifier: Apache-2.0
#include "headrace/backend/local/control_page.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace headrace::backend {
namespace {

constexpr uint64_t kCountMask = 0xffffffff;

// Not the private kind: the page belongs to two processes.
void Futex(std::atomic<uint32_t>* word, int operation, uint32_t value) {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(word), operation, value, nullptr, nullptr, 0);
}

}  // namespace

void ControlPage::Cancel(task::TaskId task) {
  cancelled_task_ = task;
  Wake();
}

void ControlPage::Acknowledge(task::TaskId task, uint32_t num_blocks) {
  acknowledged_ = task << 32 | num_blocks;
  Wake();
}

void ControlPage::Wake() {
  changes_.fetch_add(1);
  if (sleeping_.load() != 0) Futex(&changes_, FUTEX_WAKE, 1);
}

uint32_t ControlPage::Acknowledged(task::TaskId task) const {
  const uint64_t word = acknowledged_.load();
  return word >> 32 == (task & kCountMask) ? static_cast<uint32_t>(word & kCountMask) : 0;
}

void ControlPage::SleepUnlessChanged(uint32_t changes) {
  sleeping_ = 1;
  Futex(&changes_, FUTEX_WAIT, changes);
  sleeping_ = 0;
}

}  // namespace headrace::backend
