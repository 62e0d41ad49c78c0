// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "headrace/task/task_spec.h"

namespace headrace::exec {

struct ActorPoolOptions {
  int64_t min_size = 1;
  int64_t max_size = -1;            // < 0: as many as resources allow
  int64_t initial_size = -1;        // < 0: min_size
  int64_t max_tasks_in_flight = 2;  // per actor
  int64_t max_concurrency = 1;      // tasks that one actor works on at a time
  double scale_up_threshold = 0.8;
  double scale_down_threshold = 0.3;
  int64_t max_growth = 0;     // actors that start at a time; 0: as many as are asked for
  int64_t max_restarts = -1;  // of actors in all; < 0: no limit
};

/// Which actors there are, how busy each is, and how many there should be. Scheduling thread.
class ActorPool {
 public:
  explicit ActorPool(ActorPoolOptions options);

  /// True when one more actor should be made; `queued_tasks` wait for one. A busy pool grows as in
  /// Ray Data: by the share that its tasks in flight are above the threshold, at least by one.
  bool WantsActor(int64_t queued_tasks, bool resources_fit) const;
  void Added(task::ActorId actor);
  void Ready(task::ActorId actor);
  /// The actor is gone. False when it may not be replaced any more.
  bool Lost(task::ActorId actor);

  /// The least busy actor that may take one more task.
  std::optional<task::ActorId> PickActor() const;
  void TaskStarted(task::ActorId actor);
  void TaskEnded(task::ActorId actor);
  /// The task that the actor works on waits to be read, or goes on: the tasks behind it, too.
  void TaskPaused(task::ActorId actor, bool paused);

  /// An idle actor that the pool can do without; `input_done`: no more tasks will come.
  std::optional<task::ActorId> TakeIdle(int64_t queued_tasks, bool input_done);

  /// Tasks that are worked on over those that could be: between 0 and 1.
  double Utilization() const;
  int64_t size() const { return static_cast<int64_t>(actors_.size()); }
  int64_t num_pending() const { return num_pending_; }
  int64_t num_busy() const { return num_busy_; }
  int64_t num_paused() const { return num_paused_; }
  /// Tasks in flight, without those of paused actors.
  int64_t num_advancing() const { return in_flight_ - in_flight_paused_; }
  int64_t num_ready() const { return size() - num_pending_; }
  std::string Summary() const;
  const ActorPoolOptions& options() const { return options_; }

 private:
  struct Actor {
    bool ready = false;
    bool paused = false;
    int64_t in_flight = 0;
  };
  void SetPaused(Actor& actor, bool paused);
  /// Actors that may be starting at a time; 0: those that are there are enough.
  int64_t Growth(int64_t queued_tasks) const;
  int64_t Concurrency() const { return std::max<int64_t>(1, options_.max_concurrency); }

  ActorPoolOptions options_;
  std::unordered_map<task::ActorId, Actor> actors_;
  int64_t num_pending_ = 0;
  int64_t num_created_ = 0;
  int64_t num_busy_ = 0;
  int64_t num_paused_ = 0;
  int64_t in_flight_ = 0;
  int64_t in_flight_paused_ = 0;
  int64_t busy_slots_ = 0;
  int64_t restarts_ = 0;
};

}  // namespace headrace::exec
