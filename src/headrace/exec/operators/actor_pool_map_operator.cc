// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/operators/actor_pool_map_operator.h"

namespace headrace::exec {

bool ActorPoolMapOperator::HasTask() const {
  return !stopped() && HasInputForTask() && pool_.PickActor().has_value();
}

task::Resources ActorPoolMapOperator::TaskResources() const {
  // An actor holds its GPU and memory for life, a CPU only while it works: an idle pool must not
  // take the slots that its own upstream needs.
  const bool all_busy = pool_.num_busy() == pool_.num_ready();
  return {all_busy ? 0 : options().resources.cpu, 0, 0};
}

task::Resources ActorPoolMapOperator::UsedResources() const {
  const task::Resources& one = options().resources;
  const auto actors = static_cast<double>(pool_.size());
  return {one.cpu * static_cast<double>(pool_.num_busy() - pool_.num_paused()), one.gpu * actors,
          one.memory_bytes * actors};
}

MapOperator::Submission ActorPoolMapOperator::StartTask() {
  const task::ActorId actor = *pool_.PickActor();
  Submission submission{MakeTask(), actor};
  pool_.TaskStarted(actor);
  actor_of_task_.emplace(submission.task.id, actor);
  return submission;
}

void ActorPoolMapOperator::OnTaskEnded(TaskId task) {
  const auto it = actor_of_task_.find(task);
  if (it == actor_of_task_.end()) return;
  pool_.TaskEnded(it->second);
  actor_of_task_.erase(it);
}

void ActorPoolMapOperator::OnTaskPaused(TaskId task, bool paused) {
  pool_.TaskPaused(actor_of_task_.at(task), paused);
}

bool ActorPoolMapOperator::AllInputSeen() const { return stopped() || Done(); }

std::optional<task::ActorSpec> ActorPoolMapOperator::NextActor(bool resources_fit) {
  if (AllInputSeen()) return std::nullopt;
  const int64_t queued = HasInputForTask() ? std::max<int64_t>(1, queued_blocks()) : 0;
  if (!pool_.WantsActor(queued, resources_fit)) return std::nullopt;
  task::ActorSpec spec;
  spec.id = task::NextId();
  spec.body = options().body;
  spec.resources = options().resources;
  pool_.Added(spec.id);
  return spec;
}

task::Resources ActorPoolMapOperator::ActorResources() const {
  return {0, options().resources.gpu, options().resources.memory_bytes};
}

Status ActorPoolMapOperator::OnActorReady(task::ActorId actor) {
  consecutive_init_failures_ = 0;
  pool_.Ready(actor);
  return Status::OK();
}

Status ActorPoolMapOperator::OnActorFailed(task::ActorId actor, const Status& error) {
  const bool may_replace = pool_.Lost(actor);
  if (stopped()) return Status::OK();
  // A constructor that raises would raise again; a death while starting gets a few more chances.
  const ErrorDetail* detail = GetErrorDetail(error);
  const bool raised = detail != nullptr && detail->kind() == ErrorKind::kActorDied;
  if (raised || !may_replace || ++consecutive_init_failures_ > options().max_retries) {
    return WithOperator(MakeError(error.code(), ErrorKind::kActorDied, error.message(),
                                  detail == nullptr ? std::string() : detail->payload()),
                        name());
  }
  return Status::OK();
}

std::optional<task::ActorId> ActorPoolMapOperator::NextIdleActor() {
  const int64_t queued = HasInputForTask() ? std::max<int64_t>(1, queued_blocks()) : 0;
  return pool_.TakeIdle(queued, AllInputSeen());
}

}  // namespace headrace::exec
