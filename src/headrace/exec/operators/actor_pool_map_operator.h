// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <unordered_map>

#include "headrace/exec/actor_pool/actor_pool.h"
#include "headrace/exec/operators/map_operator.h"

namespace headrace::exec {

/// A fused chain in a pool of actors, which keep their functions' state from task to task.
class ActorPoolMapOperator final : public MapOperator, public ActorOperator {
 public:
  ActorPoolMapOperator(MapOperatorOptions options, ActorPoolOptions pool)
      : MapOperator(std::move(options)), pool_(pool) {}
  std::string_view type() const override { return "ActorPoolMapOperator"; }

  bool HasTask() const override;
  task::Resources TaskResources() const override;
  task::Resources UsedResources() const override;
  Submission StartTask() override;

  int num_advancing() const override { return static_cast<int>(pool_.num_advancing()); }

  std::optional<task::ActorSpec> NextActor(bool resources_fit) override;
  task::Resources ActorResources() const override;
  Status OnActorReady(task::ActorId actor) override;
  Status OnActorFailed(task::ActorId actor, const Status& error) override;
  std::optional<task::ActorId> NextIdleActor() override;
  bool WaitsForActor() const override {
    return !stopped() && HasInputForTask() && pool_.num_pending() > 0;
  }
  int num_actors() const override { return static_cast<int>(pool_.size()); }
  std::string ActorSummary() const override { return pool_.Summary(); }

 protected:
  void OnTaskEnded(TaskId task) override;
  void OnTaskPaused(TaskId task, bool paused) override;

 private:
  bool AllInputSeen() const;

  ActorPool pool_;
  std::unordered_map<TaskId, task::ActorId> actor_of_task_;
  int consecutive_init_failures_ = 0;
};

}  // namespace headrace::exec
