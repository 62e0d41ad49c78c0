// SPDX-License-Identifier: Apache-2.0
#include "headrace/backend/local/thread_lane.h"

#include <utility>

#include "headrace/store/heap_meter.h"

namespace headrace::backend {
namespace {

using task::Completion;

Status Cancelled() {
  return MakeError(arrow::StatusCode::Cancelled, ErrorKind::kCancelled, "task was cancelled");
}

class ThreadTaskOutput final : public task::TaskOutput {
 public:
  ThreadTaskOutput(task::TaskId task, store::ObjectStore& store, task::CompletionSink* sink,
                   TaskGate& gate)
      : task_(task), store_(store), sink_(sink), gate_(gate) {}
  Status Put(Block block) override {
    if (cancelled()) return Cancelled();
    ARROW_RETURN_NOT_OK(store_.WaitForRoom([this] { return cancelled(); }));
    Completion completion;
    completion.kind = Completion::Kind::kBlocks;
    completion.task = task_;
    completion.blocks.push_back(task::PutBlock(store_, std::move(block)));
    const int64_t size_bytes = completion.blocks.front().size_bytes;
    // Counted before it can be acknowledged.
    gate_.Add(size_bytes);
    store::HeapMeter::Current().HandOn(size_bytes);
    sink_->Push(std::move(completion));
    return gate_.WaitWhileFull() ? Status::OK() : Cancelled();
  }
  bool cancelled() const override { return gate_.cancelled(); }

 private:
  const task::TaskId task_;
  store::ObjectStore& store_;
  task::CompletionSink* const sink_;
  TaskGate& gate_;
};

}  // namespace

ThreadLane::~ThreadLane() {
  std::vector<std::thread> threads;
  {
    const Lock lock(mutex_);
    closed_ = true;
    ready_.clear();
    threads.swap(threads_);
  }
  work_.notify_all();
  for (auto& thread : threads) thread.join();
}

void ThreadLane::Submit(task::TaskSpec task, task::CompletionSink* sink) {
  Job job;
  job.task = std::move(task);
  job.sink = sink;
  const Lock lock(mutex_);
  job.gate->SetBound(job.task.params);
  live_[job.task.id] = {job.gate, sink, job.task.resources, /*actor=*/0};
  Enqueue(std::move(job), lock);
}

void ThreadLane::Enqueue(Job job, const Lock&) {
  ++jobs_of_sink_[job.sink];
  ready_.push_back(std::move(job));
  if (idle_ < static_cast<int>(ready_.size())) {
    threads_.emplace_back([this] { Work(); });
  } else {
    work_.notify_one();
  }
}

void ThreadLane::CreateActor(task::ActorSpec actor, task::CompletionSink* sink) {
  Job job;
  job.sink = sink;
  job.actor = actor.id;
  job.make_actor = true;
  job.body = std::move(actor.body);
  const Lock lock(mutex_);
  actors_[actor.id].sink = sink;
  actors_[actor.id].running = true;
  Enqueue(std::move(job), lock);
}

bool ThreadLane::SubmitToActor(task::ActorId actor, task::TaskSpec task) {
  const Lock lock(mutex_);
  const auto it = actors_.find(actor);
  if (it == actors_.end()) return false;
  Job job;
  job.task = std::move(task);
  job.sink = it->second.sink;
  job.actor = actor;
  job.gate->SetBound(job.task.params);
  live_[job.task.id] = {job.gate, job.sink, job.task.resources, actor};
  it->second.waiting.push_back(std::move(job));
  ContinueActor(actor, lock);
  return true;
}

void ThreadLane::ContinueActor(task::ActorId actor, const Lock& lock) {
  const auto it = actors_.find(actor);
  if (it == actors_.end() || it->second.running || it->second.waiting.empty()) return;
  it->second.running = true;  // also of an actor that could not be made: its tasks fail in turn
  Job job = std::move(it->second.waiting.front());
  it->second.waiting.pop_front();
  Enqueue(std::move(job), lock);
}

bool ThreadLane::Acknowledge(task::TaskId task, int64_t num_blocks) {
  const Lock lock(mutex_);
  const auto it = live_.find(task);
  if (it == live_.end()) return false;
  it->second.gate->Acknowledge(num_blocks);
  return true;
}

void ThreadLane::Cancel(task::TaskId task) {
  const Lock lock(mutex_);
  const auto it = live_.find(task);
  if (it != live_.end()) it->second.gate->Cancel();
}

void ThreadLane::KillActor(task::ActorId actor) {
  Actor killed;  // destroyed without the lock: its runner is the user's code
  {
    const Lock lock(mutex_);
    const auto it = actors_.find(actor);
    if (it == actors_.end()) return;
    killed = std::move(it->second);
    actors_.erase(it);
    for (const auto& [id, task] : live_) {
      if (task.actor == actor) task.gate->Cancel();
    }
    jobs_of_sink_[killed.sink] += static_cast<int64_t>(killed.waiting.size());
  }
  FailJobs(std::move(killed.waiting), Cancelled());
}

void ThreadLane::FailJobs(std::deque<Job> jobs, const Status& status) {
  for (Job& job : jobs) {
    job.task.input = {};
    Completion completion;
    completion.kind = Completion::Kind::kTaskFailed;
    completion.task = job.task.id;
    completion.status = status;
    job.sink->Push(std::move(completion));
    const Lock lock(mutex_);
    live_.erase(job.task.id);
    if (--jobs_of_sink_[job.sink] == 0) ended_.notify_all();
  }
}

void ThreadLane::Join(task::CompletionSink* sink) {
  std::vector<task::ActorId> actors;
  {
    const Lock lock(mutex_);
    for (const auto& [id, task] : live_) {
      if (task.sink == sink) task.gate->Cancel();
    }
    for (const auto& [id, actor] : actors_) {
      if (actor.sink == sink) actors.push_back(id);
    }
  }
  for (const task::ActorId actor : actors) KillActor(actor);
  Lock lock(mutex_);
  ended_.wait(lock, [&]() HR_NO_THREAD_SAFETY_ANALYSIS { return jobs_of_sink_[sink] == 0; });
  jobs_of_sink_.erase(sink);
}

task::Resources ThreadLane::UsedResources() {
  const Lock lock(mutex_);
  task::Resources used;
  for (const auto& [id, task] : live_) {
    if (!task.gate->paused()) used.cpu += task.resources.cpu;
    used.gpu += task.resources.gpu;
    used.memory_bytes += task.resources.memory_bytes;
  }
  return used;
}

void ThreadLane::Work() {
  Lock lock(mutex_);
  while (true) {
    ++idle_;
    work_.wait(lock, [this]() HR_NO_THREAD_SAFETY_ANALYSIS { return closed_ || !ready_.empty(); });
    --idle_;
    if (closed_) return;
    Job job = std::move(ready_.front());
    ready_.pop_front();
    lock.unlock();
    Execute(job);
    const task::TaskId task = job.task.id;
    const task::ActorId actor = job.actor;
    task::CompletionSink* const sink = job.sink;
    job = {};  // may be the last owner of a body: the user's code, which needs no lock of ours
    lock.lock();
    live_.erase(task);
    if (actor != 0) {
      const auto it = actors_.find(actor);
      if (it != actors_.end()) {
        it->second.running = false;
        ContinueActor(actor, lock);
      }
    }
    if (--jobs_of_sink_[sink] == 0) ended_.notify_all();
  }
}

void ThreadLane::Execute(Job& job) {
  if (job.make_actor) {
    MakeActor(job);
    return;
  }
  std::shared_ptr<task::TaskRunner> runner;
  if (job.actor != 0) {
    Status failure = Cancelled();  // an actor that was killed meanwhile
    {
      const Lock lock(mutex_);
      const auto it = actors_.find(job.actor);
      if (it != actors_.end()) {
        runner = it->second.runner;
        failure = it->second.failure;
      }
    }
    if (runner == nullptr) {
      Completion completion;
      completion.kind = Completion::Kind::kTaskFailed;
      completion.task = job.task.id;
      completion.status = std::move(failure);
      job.task.input = {};
      job.sink->Push(std::move(completion));
      return;
    }
  }
  RunTask(job, runner);
}

void ThreadLane::MakeActor(Job& job) {
  std::shared_ptr<task::TaskRunner> runner;
  const Status made = CatchAsStatus(job.body->operator_name(), [&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(runner, job.body->MakeRunner());
    return Status::OK();
  });
  Completion completion;
  completion.actor = job.actor;
  if (made.ok()) {
    completion.kind = Completion::Kind::kActorReady;
  } else {
    const ErrorDetail* detail = GetErrorDetail(made);
    completion.kind = Completion::Kind::kActorFailed;
    completion.status = MakeError(made.code(), ErrorKind::kActorDied,
                                  "an actor could not be constructed: " + made.message(),
                                  detail == nullptr ? std::string() : detail->payload());
  }
  {
    const Lock lock(mutex_);
    const auto it = actors_.find(job.actor);
    if (it == actors_.end()) return;  // killed meanwhile: nobody is interested
    it->second.runner = std::move(runner);
    it->second.failure = completion.status;
  }
  job.sink->Push(std::move(completion));
}

void ThreadLane::RunTask(Job& job, const std::shared_ptr<task::TaskRunner>& actor_runner) {
  Completion completion;
  completion.task = job.task.id;
  completion.status = CatchAsStatus(job.task.body->operator_name(), [&]() -> Status {
    if (job.gate->cancelled()) return Cancelled();
    std::shared_ptr<task::TaskRunner> runner = actor_runner;
    if (runner == nullptr) {
      ARROW_ASSIGN_OR_RAISE(runner, job.task.body->MakeRunner());
    }
    std::vector<Block> inputs;
    inputs.reserve(job.task.input.blocks().size());
    for (const auto& ref : job.task.input.blocks()) {
      ARROW_ASSIGN_OR_RAISE(Block block, ref.Load());
      inputs.push_back(std::move(block));
    }
    store::HeapMeter& heap = store::HeapMeter::Current();
    heap.Start();
    ThreadTaskOutput out(job.task.id, *store_, job.sink, *job.gate);
    const Status ran = runner->Run(inputs, job.task.params, out, &completion.stats);
    completion.stats.heap_peak_bytes = heap.peak_bytes();
    return ran;
  });
  completion.kind =
      completion.status.ok() ? Completion::Kind::kTaskDone : Completion::Kind::kTaskFailed;
  // The task's input is free before anybody hears that the task has ended.
  job.task.input = {};
  job.sink->Push(std::move(completion));
}

}  // namespace headrace::backend
