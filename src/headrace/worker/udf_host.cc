// SPDX-License-Identifier: Apache-2.0
#include "headrace/worker/udf_host.h"

#include <atomic>

namespace headrace::worker {
namespace {

std::atomic<UdfHost*> g_host{nullptr};

}  // namespace

UdfHost* ProcessUdfHost() { return g_host.load(); }
void SetProcessUdfHost(UdfHost* host) { g_host = host; }

}  // namespace headrace::worker
