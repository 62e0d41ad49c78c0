// SPDX-License-Identifier: Apache-2.0
#include "headrace/testkit/manual_backend.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

namespace headrace::testkit {
namespace {

using task::Completion;

Status Cancelled() {
  return MakeError(arrow::StatusCode::Cancelled, ErrorKind::kCancelled, "task was cancelled");
}

Status WorkerDied(ErrorKind kind) {
  return MakeError(arrow::StatusCode::UnknownError, kind, "the worker vanished");
}

}  // namespace

/// Pushes blocks, but the first `skip`, and stops after `stop` of them.
class ManualBackend::Output final : public task::TaskOutput {
 public:
  Output(Live& live, store::ObjectStore& store, int stop)
      : live_(live), store_(store), stop_(stop) {}
  Status Put(Block block) override {
    if (cancelled()) return Cancelled();
    if (seen_++ < live_.blocks_put) return Status::OK();
    if (seen_ > stop_) return Status::Cancelled("enough for now");
    ++live_.blocks_put;
    ++live_.stats.blocks_out;
    live_.stats.rows_out += block.num_rows();
    live_.stats.bytes_out += block.size_bytes();
    live_.unread.Add(block.size_bytes());
    Completion completion;
    completion.kind = Completion::Kind::kBlocks;
    completion.task = live_.spec.id;
    completion.blocks.push_back(task::PutBlock(store_, std::move(block)));
    live_.sink->Push(std::move(completion));
    return live_.paused() ? Status::Cancelled("paused") : Status::OK();
  }
  bool cancelled() const override { return live_.cancelled; }

 private:
  Live& live_;
  store::ObjectStore& store_;
  const int stop_;
  int seen_ = 0;
};

void ManualBackend::Contact(task::CompletionSink* sink, const Lock& lock) {
  ++num_contacts_;
  sink_ = sink;
  SetJoined(false, lock);
}

void ManualBackend::SetJoined(bool joined, const Lock&) {
  joined_ = joined;
  changed_.notify_all();
  const std::scoped_lock lock(quiet_->mutex);
  quiet_->joined = joined;
  quiet_->changed.notify_all();
}

void ManualBackend::Start(task::TaskSpec task, task::CompletionSink* sink, task::ActorId actor,
                          Lock& lock) {
  const TaskKey key(task.body->id(), task.params.task_index);
  const auto [it, is_new] = numbers_.emplace(key, static_cast<int>(numbers_.size()));
  if (is_new) attempts_.push_back(0);
  ++attempts_[it->second];
  Live live;
  live.spec = std::move(task);
  live.unread = task::UnreadBlocks(live.spec.params);
  live.sink = sink;
  live.actor = actor;
  live.number = it->second;
  live_.push_back(std::move(live));
  Contact(sink, lock);
}

void ManualBackend::Submit(task::TaskSpec task, task::CompletionSink* sink) {
  Lock lock(mutex_);
  Start(std::move(task), sink, /*actor=*/0, lock);
}

void ManualBackend::CreateActor(task::ActorSpec actor, task::CompletionSink* sink) {
  const Lock lock(mutex_);
  ++actors_created_;
  Actor& made = actors_[actor.id];
  made.body = std::move(actor.body);
  made.sink = sink;
  if (options_.actors_are_ready_at_once) MakeReady(actor.id, made, lock);
  Contact(sink, lock);
}

void ManualBackend::MakeReady(task::ActorId id, Actor& actor, const Lock&) {
  Completion completion;
  completion.actor = id;
  auto runner = actor.body->MakeRunner();
  if (runner.ok()) {
    actor.runner = *std::move(runner);
    completion.kind = Completion::Kind::kActorReady;
  } else {
    completion.kind = Completion::Kind::kActorFailed;
    const ErrorDetail* detail = GetErrorDetail(runner.status());
    completion.status = MakeError(runner.status().code(), ErrorKind::kActorDied,
                                  std::string(runner.status().message()),
                                  detail == nullptr ? std::string() : detail->payload());
  }
  actor.sink->Push(std::move(completion));
}

void ManualBackend::SubmitToActor(task::ActorId actor, task::TaskSpec task) {
  Lock lock(mutex_);
  const auto it = actors_.find(actor);
  if (it != actors_.end()) {
    Start(std::move(task), it->second.sink, actor, lock);
    return;
  }
  // The actor died while the task was on its way.
  if (sink_ == nullptr) return;
  Completion completion;
  completion.kind = Completion::Kind::kTaskFailed;
  completion.task = task.id;
  completion.status = WorkerDied(ErrorKind::kActorDied);
  completion.retryable = true;
  sink_->Push(std::move(completion));
}

void ManualBackend::Acknowledge(task::TaskId task, int64_t num_blocks) {
  const Lock lock(mutex_);
  ++num_contacts_;
  for (Live& live : live_) {
    if (live.spec.id == task) live.unread.Acknowledge(num_blocks);
  }
}

void ManualBackend::Cancel(task::TaskId task) {
  const Lock lock(mutex_);
  cancelled_.push_back(task);
  for (Live& live : live_) live.cancelled |= live.spec.id == task;
}

void ManualBackend::KillActor(task::ActorId actor) {
  const Lock lock(mutex_);
  ++num_contacts_;
  for (auto it = live_.begin(); it != live_.end();) {
    if (it->actor != actor) {
      ++it;
      continue;
    }
    End(it, Cancelled(), /*retryable=*/false, lock);
    it = live_.begin();
  }
  actors_.erase(actor);
}

void ManualBackend::Join(task::CompletionSink* sink) {
  const Lock lock(mutex_);
  for (auto it = live_.begin(); it != live_.end();) {
    if (it->sink != sink) {
      ++it;
      continue;
    }
    End(it, Cancelled(), /*retryable=*/false, lock);
    it = live_.begin();
  }
  std::erase_if(actors_, [&](const auto& entry) { return entry.second.sink == sink; });
  if (sink_ == sink) sink_ = nullptr;
  SetJoined(true, lock);
}

std::deque<ManualBackend::Live>::iterator ManualBackend::WaitFor(int task, Lock& lock) {
  const auto find = [&] {
    return std::find_if(live_.begin(), live_.end(),
                        [&](const Live& live) { return live.number == task; });
  };
  changed_.wait_for(lock, kPatience, [&] { return joined_ || find() != live_.end(); });
  if (find() == live_.end()) ADD_FAILURE() << "task " << task << " does not run";
  return find();
}

void ManualBackend::End(std::deque<Live>::iterator live, Status error, bool retryable,
                        const Lock&) {
  Completion completion;
  completion.kind = Completion::Kind::kTaskFailed;
  completion.task = live->spec.id;
  completion.status = std::move(error);
  completion.retryable = retryable;
  task::CompletionSink* sink = live->sink;
  live_.erase(live);
  sink->Push(std::move(completion));
}

void ManualBackend::RunLive(std::deque<Live>::iterator live, const Lock& lock) {
  if (live->paused()) return;
  Status status = live->cancelled ? Cancelled() : Status::OK();
  Output out(*live, *store_, std::numeric_limits<int>::max());
  live->stats.rows_in = 0;  // the body counts its input again
  if (status.ok()) {
    status = [&]() -> Status {
      std::unique_ptr<task::TaskRunner> own;
      task::TaskRunner* runner = nullptr;
      if (live->actor != 0) {
        runner = actors_[live->actor].runner.get();
      } else {
        ARROW_ASSIGN_OR_RAISE(own, live->spec.body->MakeRunner());
        runner = own.get();
      }
      if (runner == nullptr) return Status::Invalid("the actor is not ready");
      std::vector<Block> inputs;
      for (const auto& ref : live->spec.input.blocks()) {
        ARROW_ASSIGN_OR_RAISE(Block block, ref.Load());
        inputs.push_back(std::move(block));
      }
      return runner->Run(inputs, live->spec.params, out, &live->stats);
    }();
  }
  if (live->paused()) return;
  if (!status.ok()) {
    End(live, std::move(status), /*retryable=*/false, lock);
    return;
  }
  Completion completion;
  completion.kind = Completion::Kind::kTaskDone;
  completion.task = live->spec.id;
  completion.stats = live->stats;
  task::CompletionSink* sink = live->sink;
  live_.erase(live);
  sink->Push(std::move(completion));
}

void ManualBackend::Finish(int task) {
  Lock lock(mutex_);
  const auto live = WaitFor(task, lock);
  if (live != live_.end()) RunLive(live, lock);
}

void ManualBackend::PutOut(int task, int num_blocks) {
  Lock lock(mutex_);
  const auto live = WaitFor(task, lock);
  if (live == live_.end()) return;
  Output out(*live, *store_, num_blocks);
  std::vector<Block> inputs;
  for (const auto& ref : live->spec.input.blocks()) inputs.push_back(ref.Load().ValueOrDie());
  auto runner = live->spec.body->MakeRunner().ValueOrDie();
  IgnoreStatus(runner->Run(inputs, live->spec.params, out, &live->stats), "stopped on purpose");
}

void ManualBackend::Kill(int task) {
  Lock lock(mutex_);
  const auto live = WaitFor(task, lock);
  if (live == live_.end()) return;
  if (live->actor != 0) {
    Bury(live->actor, WorkerDied(ErrorKind::kWorkerCrashed), lock);
  } else {
    End(live, WorkerDied(ErrorKind::kWorkerCrashed), /*retryable=*/true, lock);
  }
}

void ManualBackend::Fail(int task, Status error) {
  Lock lock(mutex_);
  const auto live = WaitFor(task, lock);
  if (live != live_.end()) End(live, std::move(error), /*retryable=*/false, lock);
}

void ManualBackend::Bury(task::ActorId actor, const Status& error, const Lock& lock) {
  for (auto it = live_.begin(); it != live_.end();) {
    if (it->actor != actor) {
      ++it;
      continue;
    }
    End(it, WorkerDied(ErrorKind::kActorDied), /*retryable=*/true, lock);
    it = live_.begin();
  }
  Completion completion;
  completion.kind = Completion::Kind::kActorFailed;
  completion.actor = actor;
  completion.status = error;
  task::CompletionSink* sink = actors_[actor].sink;
  actors_.erase(actor);
  sink->Push(std::move(completion));
}

void ManualBackend::LoseActor(int index) {
  const Lock lock(mutex_);
  ASSERT_LT(index, static_cast<int>(actors_.size()));
  Bury(std::next(actors_.begin(), index)->first, WorkerDied(ErrorKind::kWorkerCrashed), lock);
}

void ManualBackend::MakeActorsReady() {
  const Lock lock(mutex_);
  for (auto& [id, actor] : actors_) {
    if (actor.runner == nullptr) MakeReady(id, actor, lock);
  }
}

void ManualBackend::FailActors(const Status& error) {
  const Lock lock(mutex_);
  std::vector<task::ActorId> waiting;
  for (const auto& [id, actor] : actors_) {
    if (actor.runner == nullptr) waiting.push_back(id);
  }
  for (const task::ActorId id : waiting) Bury(id, error, lock);
}

void ManualBackend::FinishAll() {
  while (Settle()) {
    Lock lock(mutex_);
    const auto next = std::find_if(live_.begin(), live_.end(),
                                   [&](const Live& live) { return MayRun(live, lock); });
    if (next == live_.end()) return;
    RunLive(next, lock);
  }
}

bool ManualBackend::WaitForContact(std::chrono::milliseconds timeout) {
  Lock lock(mutex_);
  return changed_.wait_for(
      lock, timeout, [this]() HR_NO_THREAD_SAFETY_ANALYSIS { return sink_ != nullptr || joined_; });
}

bool ManualBackend::Settle() {
  if (!WaitForContact(std::chrono::duration_cast<std::chrono::milliseconds>(kPatience))) {
    ADD_FAILURE() << "the run never used its backend";
    return false;
  }
  // The scheduler drops the first marker at the start of a step, and the second one at the start
  // of a later step: by then the first step is complete. A step that asked for something may have
  // caused the next one.
  while (true) {
    Lock lock(mutex_);
    if (joined_) return true;
    task::CompletionSink* sink = sink_;
    const int64_t contacts = num_contacts_;
    lock.unlock();
    for (int i = 0; i < 2; ++i) {
      if (!PassMarker(sink)) return false;
    }
    lock.lock();
    if (joined_ || num_contacts_ == contacts) return true;
  }
}

bool ManualBackend::PassMarker(task::CompletionSink* sink) {
  // Shared with the marker, which may outlive this call.
  auto dropped = std::make_shared<bool>(false);
  std::shared_ptr<const void> value(nullptr, [quiet = quiet_, dropped](const void*) {
    const std::scoped_lock lock(quiet->mutex);
    *dropped = true;
    quiet->changed.notify_all();
  });
  Completion completion;
  completion.kind = Completion::Kind::kBlocks;
  completion.task = task::NextId();  // a task that nobody knows
  completion.blocks.emplace_back();
  completion.blocks.back().object = store_->Put(std::move(value), 0);
  {
    // Join waits for this push: after it, the sink may be gone.
    const Lock lock(mutex_);
    if (joined_) return true;
    sink->Push(std::move(completion));
  }
  Lock lock(quiet_->mutex);
  const bool settled = quiet_->changed.wait_for(
      lock, kPatience, [&]() HR_NO_THREAD_SAFETY_ANALYSIS { return *dropped || quiet_->joined; });
  if (!settled) ADD_FAILURE() << "the scheduler does not take completions";
  return settled;
}

std::vector<int> ManualBackend::attempts() const {
  const Lock lock(mutex_);
  return attempts_;
}

std::vector<int> ManualBackend::running() const {
  const Lock lock(mutex_);
  std::vector<int> numbers;
  for (const Live& live : live_) numbers.push_back(live.number);
  return numbers;
}

bool ManualBackend::MayRun(const Live& live, const Lock&) const {
  if (live.paused()) return false;
  if (live.actor == 0) return true;
  const auto first = std::find_if(live_.begin(), live_.end(),
                                  [&](const Live& other) { return other.actor == live.actor; });
  return first->spec.id == live.spec.id;
}

std::vector<int> ManualBackend::paused() const {
  const Lock lock(mutex_);
  std::vector<int> numbers;
  for (const Live& live : live_) {
    if (live.paused()) numbers.push_back(live.number);
  }
  return numbers;
}

std::vector<int> ManualBackend::ready() const {
  const Lock lock(mutex_);
  std::vector<int> numbers;
  for (const Live& live : live_) {
    if (MayRun(live, lock)) numbers.push_back(live.number);
  }
  return numbers;
}

std::vector<std::string> ManualBackend::running_names() const {
  const Lock lock(mutex_);
  std::vector<std::string> names;
  for (const Live& live : live_) names.push_back(live.spec.body->operator_name());
  return names;
}

std::vector<task::TaskId> ManualBackend::cancelled() const {
  const Lock lock(mutex_);
  return cancelled_;
}

int ManualBackend::num_actors() const {
  const Lock lock(mutex_);
  return static_cast<int>(actors_.size());
}

int ManualBackend::num_waiting_actors() const {
  const Lock lock(mutex_);
  return static_cast<int>(std::count_if(actors_.begin(), actors_.end(), [](const auto& entry) {
    return entry.second.runner == nullptr;
  }));
}

int ManualBackend::num_actors_created() const {
  const Lock lock(mutex_);
  return actors_created_;
}

bool ManualBackend::joined() const {
  const Lock lock(mutex_);
  return joined_;
}

}  // namespace headrace::testkit
