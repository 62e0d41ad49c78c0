// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/actor_pool/actor_pool.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace headrace::exec {

ActorPool::ActorPool(ActorPoolOptions options) : options_(options) {
  if (options_.initial_size < 0) options_.initial_size = options_.min_size;
}

bool ActorPool::WantsActor(int64_t queued_tasks, bool resources_fit) const {
  if (options_.max_size >= 0 && size() >= options_.max_size) return false;
  // The initial size is where the pool starts; what it has given up since is not made again.
  if (size() < options_.min_size || num_created_ < options_.initial_size) {
    return resources_fit || size() == 0;
  }
  // An actor takes time to start: grow only for tasks that have to wait, and not again before
  // those that are starting have shown what they change.
  return resources_fit && queued_tasks > 0 && num_pending_ < Growth(queued_tasks);
}

int64_t ActorPool::Growth(int64_t queued_tasks) const {
  if (num_ready() == 0) return 1;
  const auto ready = static_cast<double>(num_ready());
  const double busy =
      static_cast<double>(busy_slots_) / (ready * static_cast<double>(Concurrency()));
  if (busy < options_.scale_up_threshold) return 0;
  const double held =
      static_cast<double>(in_flight_) / (ready * static_cast<double>(options_.max_tasks_in_flight));
  const double missing = std::ceil(ready * (held / options_.scale_up_threshold - 1));
  const int64_t most = options_.max_growth > 0 ? options_.max_growth : queued_tasks;
  return std::clamp<int64_t>(static_cast<int64_t>(missing), 1,
                             std::max<int64_t>(1, std::min(most, queued_tasks)));
}

void ActorPool::Added(task::ActorId actor) {
  actors_.emplace(actor, Actor{});
  ++num_pending_;
  ++num_created_;
}

void ActorPool::Ready(task::ActorId actor) {
  const auto it = actors_.find(actor);
  if (it == actors_.end() || it->second.ready) return;
  it->second.ready = true;
  --num_pending_;
}

bool ActorPool::Lost(task::ActorId actor) {
  const auto it = actors_.find(actor);
  if (it == actors_.end()) return true;
  SetPaused(it->second, false);
  if (!it->second.ready) --num_pending_;
  if (it->second.in_flight > 0) --num_busy_;
  in_flight_ -= it->second.in_flight;
  busy_slots_ -= std::min(it->second.in_flight, Concurrency());
  actors_.erase(it);
  return options_.max_restarts < 0 || ++restarts_ <= options_.max_restarts;
}

std::optional<task::ActorId> ActorPool::PickActor() const {
  std::optional<task::ActorId> best;
  int64_t best_load = options_.max_tasks_in_flight;
  for (const auto& [id, actor] : actors_) {
    if (actor.ready && !actor.paused && actor.in_flight < best_load) {
      best = id;
      best_load = actor.in_flight;
    }
  }
  return best;
}

void ActorPool::TaskStarted(task::ActorId actor) {
  Actor& busy = actors_.at(actor);
  if (busy.in_flight < Concurrency()) ++busy_slots_;
  if (busy.in_flight++ == 0) ++num_busy_;
  if (busy.paused) ++in_flight_paused_;
  ++in_flight_;
}

void ActorPool::TaskEnded(task::ActorId actor) {
  const auto it = actors_.find(actor);
  if (it == actors_.end() || it->second.in_flight == 0) return;
  if (it->second.paused) --in_flight_paused_;
  if (--it->second.in_flight == 0) --num_busy_;
  if (it->second.in_flight < Concurrency()) --busy_slots_;
  --in_flight_;
}

void ActorPool::TaskPaused(task::ActorId actor, bool paused) {
  const auto it = actors_.find(actor);
  if (it != actors_.end()) SetPaused(it->second, paused);
}

void ActorPool::SetPaused(Actor& actor, bool paused) {
  if (std::exchange(actor.paused, paused) == paused) return;
  num_paused_ += paused ? 1 : -1;
  in_flight_paused_ += paused ? actor.in_flight : -actor.in_flight;
}

std::optional<task::ActorId> ActorPool::TakeIdle(int64_t queued_tasks, bool input_done) {
  const bool too_many =
      queued_tasks == 0 && (input_done || (size() > options_.min_size &&
                                           Utilization() <= options_.scale_down_threshold));
  if (!too_many || num_pending_ > 0) return std::nullopt;
  for (const auto& [id, actor] : actors_) {
    if (actor.ready && actor.in_flight == 0) {
      const task::ActorId idle = id;
      actors_.erase(idle);
      return idle;
    }
  }
  return std::nullopt;
}

double ActorPool::Utilization() const {
  const auto slots = static_cast<double>(size() * Concurrency());
  return slots == 0 ? 1.0 : static_cast<double>(busy_slots_) / slots;
}

std::string ActorPool::Summary() const {
  return std::to_string(num_ready()) + " running, " + std::to_string(num_pending_) + " pending, " +
         std::to_string(num_busy_) + " active";
}

}  // namespace headrace::exec
