// SPDX-License-Identifier: Apache-2.0
#include "headrace/api/engine.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <mutex>

#include "headrace/block/tensor.h"

namespace headrace::api {
namespace {

/// Share of the memory for blocks in the object store: Ray's default.
constexpr double kObjectStoreShare = 0.3;

std::mutex g_mutex;
std::shared_ptr<Engine> g_engine;

/// First number in a file of the cgroup file system; nullopt when there is none ("max").
std::optional<double> NumberIn(const char* path, int position = 0) {
  std::ifstream file(path);
  std::string word;
  for (int i = 0; i <= position; ++i) {
    if (!(file >> word)) return std::nullopt;
  }
  char* end = nullptr;
  const double value = std::strtod(word.c_str(), &end);
  if (end == word.c_str()) return std::nullopt;
  return value;
}

}  // namespace

int UsableCpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  int cpus = sched_getaffinity(0, sizeof(set), &set) == 0
                 ? CPU_COUNT(&set)
                 : static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  const auto quota = NumberIn("/sys/fs/cgroup/cpu.max");
  const auto period = NumberIn("/sys/fs/cgroup/cpu.max", 1);
  if (quota && period && *period > 0) {
    cpus = std::min(cpus, static_cast<int>(std::ceil(*quota / *period)));
  }
  return std::max(1, cpus);
}

int64_t UsableMemoryBytes() {
  const auto machine = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  for (const char* path :
       {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    const auto limit = NumberIn(path);
    if (limit && *limit > 0) return std::min(machine, static_cast<int64_t>(*limit));
  }
  return machine;
}

Engine::Engine(EngineOptions options)
    : options_(std::move(options)),
      num_cpus_(options_.num_cpus.value_or(UsableCpus())),
      memory_bytes_(UsableMemoryBytes()),
      object_store_bytes_(options_.object_store_memory.value_or(
          static_cast<int64_t>(static_cast<double>(memory_bytes_) * kObjectStoreShare))) {
  backend::LocalBackendOptions backend;
  backend.resources = {static_cast<double>(num_cpus_), options_.num_gpus,
                       static_cast<double>(memory_bytes_ - object_store_bytes_)};
  backend.object_store_bytes = object_store_bytes_;
  backend.python = options_.python;
  backend_ = std::make_shared<backend::LocalBackend>(std::move(backend));
}

std::map<std::string, double> Engine::TotalResources() const {
  std::map<std::string, double> total = options_.resources;
  total["CPU"] = num_cpus_;
  if (options_.num_gpus > 0) total["GPU"] = options_.num_gpus;
  total["memory"] = static_cast<double>(memory_bytes_ - object_store_bytes_);
  total["object_store_memory"] = static_cast<double>(object_store_bytes_);
  total["node:127.0.0.1"] = 1.0;
  return total;
}

Result<std::shared_ptr<Engine>> Engine::Start(EngineOptions options) {
  if (options.num_cpus && *options.num_cpus < 1) {
    return Status::Invalid("num_cpus must be at least 1, got ", *options.num_cpus);
  }
  const std::scoped_lock lock(g_mutex);
  if (g_engine == nullptr) {
    ARROW_RETURN_NOT_OK(RegisterExtensionTypes());
    g_engine = std::make_shared<Engine>(std::move(options));
  }
  return g_engine;
}

Result<std::shared_ptr<Engine>> Engine::Current() { return Start({}); }

bool Engine::IsStarted() {
  const std::scoped_lock lock(g_mutex);
  return g_engine != nullptr;
}

void Engine::Stop() {
  std::shared_ptr<Engine> engine;  // destroyed after the lock is gone: that takes a moment
  const std::scoped_lock lock(g_mutex);
  engine.swap(g_engine);
}

}  // namespace headrace::api
