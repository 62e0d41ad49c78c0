// SPDX-License-Identifier: Apache-2.0
#include "headrace/backend/local/local_backend.h"

#include <algorithm>

namespace headrace::backend {

LocalBackend::LocalBackend(LocalBackendOptions options)
    : options_(std::move(options)),
      memory_(std::make_shared<store::MemoryLedger>(options_.memory_bytes)),
      store_(task::MakeBlockStore(options_.object_store_bytes, options_.spill, memory_)),
      processes_(store_, {options_.python, std::max(1, static_cast<int>(options_.resources.cpu)),
                          options_.worker_memory}),
      threads_(store_) {}

void LocalBackend::Submit(task::TaskSpec task, task::CompletionSink* sink) {
  if (task.body->lane() == task::Lane::kThread) {
    threads_.Submit(std::move(task), sink);
  } else {
    processes_.Submit(std::move(task), sink);
  }
}

void LocalBackend::CreateActor(task::ActorSpec actor, task::CompletionSink* sink) {
  if (actor.body->lane() == task::Lane::kThread) {
    threads_.CreateActor(std::move(actor), sink);
    return;
  }
  {
    const std::scoped_lock lock(mutex_);
    process_actors_[actor.id] = sink;
  }
  processes_.CreateActor(std::move(actor), sink);
}

void LocalBackend::SubmitToActor(task::ActorId actor, task::TaskSpec task) {
  task::CompletionSink* sink = nullptr;
  {
    const std::scoped_lock lock(mutex_);
    const auto it = process_actors_.find(actor);
    if (it != process_actors_.end()) sink = it->second;
  }
  if (sink == nullptr) {
    threads_.SubmitToActor(actor, std::move(task));
  } else {
    processes_.SubmitToActor(actor, std::move(task), sink);
  }
}

task::Resources LocalBackend::UsedResources() {
  task::Resources used = threads_.UsedResources();
  const task::Resources processes = processes_.UsedResources();
  used.cpu += processes.cpu;
  used.gpu += processes.gpu;
  used.memory_bytes += processes.memory_bytes;
  return used;
}

void LocalBackend::Acknowledge(task::TaskId task, int64_t num_blocks) {
  if (!threads_.Acknowledge(task, num_blocks)) processes_.Acknowledge(task, num_blocks);
}

void LocalBackend::Cancel(task::TaskId task) {
  threads_.Cancel(task);
  processes_.Cancel(task);
}

void LocalBackend::KillActor(task::ActorId actor) {
  bool in_process = false;
  {
    const std::scoped_lock lock(mutex_);
    in_process = process_actors_.erase(actor) > 0;
  }
  if (in_process) {
    processes_.KillActor(actor);
  } else {
    threads_.KillActor(actor);
  }
}

void LocalBackend::Join(task::CompletionSink* sink) {
  threads_.Join(sink);
  processes_.Join(sink);
  const std::scoped_lock lock(mutex_);
  std::erase_if(process_actors_, [&](const auto& entry) { return entry.second == sink; });
}

}  // namespace headrace::backend
