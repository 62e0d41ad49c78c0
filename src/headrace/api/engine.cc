// SPDX-License-Identifier: Apache-2.0
#include "headrace/api/engine.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <mutex>

#include "headrace/base/cgroup.h"
#include "headrace/base/process_memory.h"
#include "headrace/block/tensor.h"
#include "headrace/store/recycling_pool.h"

namespace headrace::api {
namespace {

std::mutex g_mutex;
std::shared_ptr<Engine> g_engine;

}  // namespace

int UsableCpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  int cpus = sched_getaffinity(0, sizeof(set), &set) == 0
                 ? CPU_COUNT(&set)
                 : static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  if (const auto quota = CgroupCpuLimit()) {
    cpus = std::min(cpus, static_cast<int>(std::ceil(*quota)));
  }
  return std::max(1, cpus);
}

int64_t UsableMemoryBytes() {
  const auto machine = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  return std::min(machine, CgroupMemoryLimit().value_or(machine));
}

Engine::Engine(EngineOptions options)
    : options_(std::move(options)),
      num_cpus_(options_.num_cpus.value_or(UsableCpus())),
      memory_(DivideMemory(options_.memory.value_or(static_cast<int64_t>(
                               static_cast<double>(UsableMemoryBytes()) * kDefaultCeilingShare)),
                           options_.object_store_memory, num_cpus_)) {
  RaiseOpenFilesLimit();
  backend::LocalBackendOptions backend;
  backend.resources = {static_cast<double>(num_cpus_), options_.num_gpus,
                       static_cast<double>(memory_.ceiling - memory_.object_store)};
  backend.object_store_bytes = memory_.object_store;
  backend.memory_bytes = memory_.ceiling;
  backend.worker_memory = {memory_.worker_idle, memory_.worker_malloc_keep};
  backend.python = options_.python;
  backend.spill = options_.spill;
  backend_ = std::make_shared<backend::LocalBackend>(std::move(backend));
  backend_->store()->segments().SetMaxIdle(memory_.idle_segments);
  store::BlockMemoryPool()->SetMaxIdle(memory_.idle_buffers);
  gauge_ = std::make_unique<MemoryGauge>(backend_.get());
}

int64_t Engine::MaxBlockBytes(double memory_limit) const {
  if (memory_limit < 0 || memory_limit >= static_cast<double>(memory_.ceiling)) {
    return memory_.max_block;
  }
  return DivideMemory(static_cast<int64_t>(memory_limit), std::nullopt, num_cpus_).max_block;
}

std::map<std::string, double> Engine::TotalResources() const {
  std::map<std::string, double> total = options_.resources;
  total["CPU"] = num_cpus_;
  if (options_.num_gpus > 0) total["GPU"] = options_.num_gpus;
  total["memory"] = static_cast<double>(memory_.ceiling - memory_.object_store);
  total["object_store_memory"] = static_cast<double>(memory_.object_store);
  total["node:127.0.0.1"] = 1.0;
  return total;
}

Result<std::shared_ptr<Engine>> Engine::Start(EngineOptions options) {
  if (options.num_cpus && *options.num_cpus < 1) {
    return Status::Invalid("num_cpus must be at least 1, got ", *options.num_cpus);
  }
  if (options.memory && *options.memory < kMinCeiling) {
    return Status::Invalid("memory must be at least ", kMinCeiling, " bytes, got ",
                           *options.memory);
  }
  if (options.memory && options.object_store_memory &&
      *options.object_store_memory > *options.memory) {
    return Status::Invalid("object_store_memory (", *options.object_store_memory,
                           ") is a part of memory (", *options.memory, ") and cannot be larger");
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
