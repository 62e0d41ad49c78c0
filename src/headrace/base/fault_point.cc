// SPDX-License-Identifier: Apache-2.0
#include "headrace/base/fault_point.h"

#include <map>
#include <mutex>
#include <string>

namespace headrace {
namespace {

struct Fault {
  Status status;
  int hits_left = 0;
};
std::mutex g_mutex;
std::map<std::string, Fault, std::less<>> g_faults;

}  // namespace

void ArmFault(std::string_view name, Status status, int nth) {
  const std::scoped_lock lock(g_mutex);
  g_faults[std::string(name)] = {std::move(status), nth};
}

void DisarmFaults() {
  const std::scoped_lock lock(g_mutex);
  g_faults.clear();
}

Status HitFault(std::string_view name) {
  const std::scoped_lock lock(g_mutex);
  const auto it = g_faults.find(name);
  if (it == g_faults.end() || --it->second.hits_left > 0) return Status::OK();
  Status status = it->second.status;
  g_faults.erase(it);
  return status;
}

}  // namespace headrace
