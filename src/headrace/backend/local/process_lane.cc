// SPDX-License-Identifier: Apache-2.0
#include "headrace/backend/local/process_lane.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <future>
#include <utility>

#include "headrace/base/log.h"

namespace headrace::backend {
namespace {

using task::Completion;

// Low bits of an epoll tag say which descriptor of a worker it is.
enum Source : uint64_t { kSocket = 0, kOut = 1, kErr = 2, kWake = 3 };
constexpr uint64_t kWakeTag = kWake;
constexpr uint64_t kZygoteTag = kWake + 4;

uint64_t Tag(uint64_t worker_id, Source source) { return worker_id << 8 | source << 4 | 0xf; }

void Wake(int fd) {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(fd, &one, sizeof(one));
}

}  // namespace

ProcessLane::ProcessLane(std::shared_ptr<store::ObjectStore> store, ProcessLaneOptions options)
    : store_(std::move(store)),
      options_(std::move(options)),
      wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      epoll_fd_(epoll_create1(EPOLL_CLOEXEC)) {
  releases_->wake_fd = wake_fd_.get();
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kWakeTag;
  epoll_ctl(epoll_fd_.get(), EPOLL_CTL_ADD, wake_fd_.get(), &event);
  thread_ = std::thread([this] { Run(); });
}

ProcessLane::~ProcessLane() {
  {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
  }
  Wake(wake_fd_.get());
  thread_.join();
  const std::scoped_lock lock(releases_->mutex);
  releases_->wake_fd = -1;
}

void ProcessLane::Post(Command command) {
  bool was_empty = false;
  {
    const std::scoped_lock lock(mutex_);
    was_empty = commands_.empty();
    commands_.push_back(std::move(command));
  }
  if (was_empty) Wake(wake_fd_.get());
}

void ProcessLane::WarmUp(std::vector<std::string> modules, Zygote::Use use) {
  Post([this, use, modules = std::move(modules)]() mutable {
    Status status = EnsureZygote();
    std::erase_if(modules, [&](const auto& module) {
      return preloaded_.contains({Zygote::Use::kTasks, module}) ||
             !preloaded_.insert({use, module}).second;
    });
    if (status.ok() && !modules.empty()) {
      status = zygote_->Preload(modules, use);
      for (auto& [id, worker] : workers_) {
        if (use == Zygote::Use::kActor) break;
        if (!worker->is_actor() && worker->idle()) worker->Kill();
      }
    }
    IgnoreStatus(status, "the first task reports it");
  });
}

void ProcessLane::Submit(task::TaskSpec task, task::CompletionSink* sink) {
  Post([this, task = std::move(task), sink]() mutable {
    if (restoring_.MustWait(task, /*actor=*/0)) {
      restoring_.Add(std::move(task), sink, /*actor=*/0);
    } else {
      StartTask(std::move(task), sink);
    }
  });
}

void ProcessLane::CreateActor(task::ActorSpec actor, task::CompletionSink* sink) {
  Post([this, actor = std::move(actor), sink] {
    auto worker = StartWorker(Zygote::Use::kActor);
    Status status = worker.status();
    if (status.ok()) {
      worker_of_actor_[actor.id] = (*worker)->id();
      status = (*worker)->SendCreateActor(actor, sink);
      if (status.ok()) return;
      Lost((*worker)->id(), status);
      return;
    }
    Completion completion;
    completion.kind = Completion::Kind::kActorFailed;
    completion.actor = actor.id;
    completion.status = MakeError(status.code(), ErrorKind::kActorDied, status.message());
    sink->Push(std::move(completion));
  });
}

void ProcessLane::SubmitToActor(task::ActorId actor, task::TaskSpec task,
                                task::CompletionSink* sink) {
  Post([this, actor, sink, task = std::move(task)]() mutable {
    if (worker_of_actor_.contains(actor) && restoring_.MustWait(task, actor)) {
      restoring_.Add(std::move(task), sink, actor);
    } else {
      StartActorTask(actor, std::move(task), sink);
    }
  });
}

void ProcessLane::StartActorTask(task::ActorId actor, task::TaskSpec task,
                                 task::CompletionSink* sink) {
  const auto it = worker_of_actor_.find(actor);
  if (it == worker_of_actor_.end()) {
    FailTask(task, sink,
             MakeError(arrow::StatusCode::UnknownError, ErrorKind::kActorDied,
                       "the actor died before the task started"),
             /*retryable=*/true);
    return;
  }
  WorkerProcess& worker = *workers_[it->second];
  if (worker.killed() || lost_.contains(worker.id())) {
    worker.Doom(std::move(task), sink);  // it fails with the others when the worker is buried
  } else {
    SendTask(worker, std::move(task), sink);
  }
}

void ProcessLane::Releases::AddRestored(task::TaskId task) {
  const std::scoped_lock lock(mutex);
  if (wake_fd < 0) return;
  const bool first = restored.empty();
  restored.push_back(task);
  if (first) Wake(wake_fd);
}

void ProcessLane::SendRestored(task::TaskId task) {
  for (auto& ready : restoring_.Restored(task)) {
    if (ready.actor != 0) {
      StartActorTask(ready.actor, std::move(ready.spec), ready.sink);
    } else {
      StartTask(std::move(ready.spec), ready.sink);
    }
  }
}

void ProcessLane::CancelWaiting(std::vector<RestoringTasks::Waiting> waiting) {
  for (const auto& task : waiting) {
    FailTask(task.spec, task.sink,
             MakeError(arrow::StatusCode::Cancelled, ErrorKind::kCancelled, "task was cancelled"),
             /*retryable=*/false);
  }
}

void ProcessLane::Cancel(task::TaskId task) {
  Post([this, task] {
    const auto it = worker_of_task_.find(task);
    if (it != worker_of_task_.end()) {
      workers_[it->second]->Cancel(task);
    } else if (auto waiting = restoring_.Remove(task)) {
      std::vector<RestoringTasks::Waiting> cancelled;
      cancelled.push_back(*std::move(waiting));
      CancelWaiting(std::move(cancelled));
    }
  });
}

void ProcessLane::KillActor(task::ActorId actor) {
  Post([this, actor] {
    const auto it = worker_of_actor_.find(actor);
    if (it != worker_of_actor_.end()) workers_[it->second]->Dismiss();
    CancelWaiting(restoring_.RemoveOfActor(actor));
  });
}

void ProcessLane::Join(task::CompletionSink* sink) {
  // Shared: the waiter may be gone before set_value() has returned.
  const auto done = std::make_shared<std::promise<void>>();
  Post([this, sink, done] {
    for (auto& [id, worker] : workers_) {
      if (worker->is_actor()) {
        if (worker->actor_sink() == sink) worker->Dismiss();
        continue;
      }
      std::vector<task::TaskId> mine;
      for (const auto& task : worker->tasks()) {
        if (task.sink == sink) mine.push_back(task.spec.id);
      }
      for (const task::TaskId task : mine) worker->Cancel(task);
    }
    CancelWaiting(restoring_.RemoveOfSink(sink));
    joins_.push_back({sink, [done] { done->set_value(); }});
    CheckJoins();
  });
  done->get_future().wait();
}

void ProcessLane::Trim(bool end_idle) {
  Post([this, end_idle] {
    if (end_idle) EndSurplus(/*max_idle=*/0);
    for (auto& [id, worker] : workers_) {
      if (worker->killed() || lost_.contains(id)) continue;
      IgnoreStatus(worker->SendTrim(), "its end is seen when reading");
      Watch(*worker);
    }
  });
}

ProcessLane::Processes ProcessLane::processes() const {
  const std::scoped_lock lock(processes_mutex_);
  return processes_;
}

void ProcessLane::NoteProcesses() {
  const std::scoped_lock lock(processes_mutex_);
  processes_.zygote = zygote_ == nullptr ? 0 : zygote_->pid();
  processes_.workers.clear();
  for (const auto& [id, worker] : workers_) {
    if (worker->pid() <= 0 || worker->baseline_bytes() < 0) continue;
    processes_.workers.push_back({worker->pid(), worker->baseline_bytes()});
  }
}

task::Resources ProcessLane::UsedResources() {
  const auto answer = std::make_shared<std::promise<task::Resources>>();
  Post([this, answer] {
    task::Resources used;
    for (const auto& [id, worker] : workers_) {
      const task::Resources held = worker->UsedResources();
      used.cpu += held.cpu;
      used.gpu += held.gpu;
      used.memory_bytes += held.memory_bytes;
    }
    answer->set_value(used);
  });
  return answer->get_future().get();
}

bool ProcessLane::Quiet(task::CompletionSink* sink) const {
  return std::none_of(workers_.begin(), workers_.end(), [&](const auto& entry) {
    const WorkerProcess& worker = *entry.second;
    if (worker.actor_sink() == sink) return true;
    return std::any_of(worker.tasks().begin(), worker.tasks().end(),
                       [&](const auto& task) { return task.sink == sink; });
  });
}

void ProcessLane::CheckJoins() {
  std::erase_if(joins_, [&](const PendingJoin& join) {
    if (!Quiet(join.sink)) return false;
    join.done();
    return true;
  });
}

void ProcessLane::Run() {
  while (true) {
    std::array<epoll_event, 64> events;
    const int count = epoll_wait(epoll_fd_.get(), events.data(), events.size(), PollTimeoutMs());
    for (int i = 0; i < count; ++i) HandleEvent(events[i].data.u64, events[i].events);
    RunCommands();
    SendReleases();
    KillOverdue();
    CheckJoins();
    const std::scoped_lock lock(mutex_);
    if (closed_ && commands_.empty()) break;
  }
  // Shutdown: the zygote takes all workers with it; then their last lines are passed on.
  zygote_.reset();
  NoteProcesses();
  for (auto& [id, worker] : workers_) {
    worker->out().Forward(worker->Prefix());
    worker->err().Forward(worker->Prefix());
  }
  workers_.clear();
}

void ProcessLane::RunCommands() {
  while (true) {
    std::vector<Command> commands;
    {
      const std::scoped_lock lock(mutex_);
      commands.swap(commands_);
    }
    if (commands.empty()) return;
    for (Command& command : commands) command();
  }
}

void ProcessLane::HandleEvent(uint64_t tag, uint32_t events) {
  if (tag == kWakeTag) {
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(wake_fd_.get(), &count, sizeof(count));
    return;
  }
  if (tag == kZygoteTag) {
    HandleZygote();
    return;
  }
  const uint64_t worker_id = tag >> 8;
  const auto it = workers_.find(worker_id);
  if (it == workers_.end()) return;
  WorkerProcess& worker = *it->second;
  const auto source = static_cast<Source>(tag >> 4 & 0xf);
  if (source == kOut || source == kErr) {
    (source == kOut ? worker.out() : worker.err()).Forward(worker.Prefix());
    return;
  }
  if (lost_.contains(worker_id)) return;
  std::vector<task::TaskId> before;
  for (const auto& task : worker.tasks()) before.push_back(task.spec.id);
  const bool was_new = worker.baseline_bytes() < 0;
  Status status = worker.Receive();
  if (was_new && worker.baseline_bytes() >= 0) NoteProcesses();
  if (status.ok() && worker.has_queued()) status = worker.Flush();
  for (const task::TaskId task : before) {
    if (std::none_of(worker.tasks().begin(), worker.tasks().end(),
                     [&](const auto& t) { return t.spec.id == task; })) {
      worker_of_task_.erase(task);
    }
  }
  if (!status.ok()) {
    Lost(worker_id, status);
    return;
  }
  Watch(worker);
  if (worker.idle() && !worker.is_actor()) EndSurplus(options_.max_idle);
}

void ProcessLane::SendReleases() {
  std::unordered_map<uint64_t, std::vector<uint64_t>> segments;
  std::vector<task::TaskId> restored;
  {
    const std::scoped_lock lock(releases_->mutex);
    segments.swap(releases_->segments);
    restored.swap(releases_->restored);
  }
  for (const task::TaskId task : restored) SendRestored(task);
  for (const auto& [worker_id, ids] : segments) {
    const auto it = workers_.find(worker_id);
    if (it == workers_.end() || lost_.contains(worker_id)) continue;
    IgnoreStatus(it->second->SendRelease(ids), "its end is seen when reading");
    Watch(*it->second);
  }
}

void ProcessLane::KillOverdue() {
  const auto now = WorkerProcess::Clock::now();
  for (auto& [id, worker] : workers_) {
    if (worker->kill_time() && *worker->kill_time() <= now) worker->Kill();
  }
}

int ProcessLane::PollTimeoutMs() const {
  int timeout = -1;
  for (const auto& [id, worker] : workers_) {
    if (worker->kill_time()) timeout = 50;
  }
  return timeout;
}

Status ProcessLane::EnsureZygote() {
  if (zygote_ != nullptr) return Status::OK();
  if (options_.python.executable.empty()) {
    return Status::Invalid("Python functions need a Python interpreter; this program has none");
  }
  ARROW_ASSIGN_OR_RAISE(zygote_, Zygote::Start(options_.python));
  NoteProcesses();
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kZygoteTag;
  epoll_ctl(epoll_fd_.get(), EPOLL_CTL_ADD, zygote_->fd(), &event);
  return Status::OK();
}

void ProcessLane::HandleZygote() {
  auto events = zygote_->Poll();
  if (!events.ok()) {
    const Status why = events.status();
    epoll_ctl(epoll_fd_.get(), EPOLL_CTL_DEL, zygote_->fd(), nullptr);
    zygote_.reset();
    std::vector<uint64_t> all;
    for (const auto& [id, worker] : workers_) all.push_back(id);
    for (const uint64_t id : all) Bury(id, why.message());
    return;
  }
  for (const Zygote::Event& event : *events) {
    const auto it = workers_.find(event.worker_id);
    if (it == workers_.end()) continue;
    if (event.kind == Zygote::Event::Kind::kForked) {
      it->second->SetPid(static_cast<pid_t>(event.value));
      NoteProcesses();
      continue;
    }
    it->second->SetExited();
    // What the worker sent before it died still counts.
    if (!lost_.contains(event.worker_id)) {
      HandleEvent(Tag(event.worker_id, kSocket), EPOLLIN);
    }
    Bury(event.worker_id, DescribeWaitStatus(static_cast<int>(event.value)));
  }
}

Result<WorkerProcess*> ProcessLane::StartWorker(Zygote::Use use) {
  ARROW_RETURN_NOT_OK(EnsureZygote());
  const uint64_t id = next_worker_id_++;
  ARROW_ASSIGN_OR_RAISE(auto worker,
                        WorkerProcess::Start(id, *zygote_, use, store_, &acknowledgements_,
                                             [releases = releases_, id](uint64_t segment) {
                                               const std::scoped_lock lock(releases->mutex);
                                               if (releases->wake_fd < 0) return;
                                               const bool first = releases->segments.empty();
                                               releases->segments[id].push_back(segment);
                                               if (first) Wake(releases->wake_fd);
                                             }));
  WorkerProcess* added = worker.get();
  workers_[id] = std::move(worker);
  const std::array<std::pair<int, Source>, 3> sources = {std::pair(added->socket_fd(), kSocket),
                                                         std::pair(added->out().fd(), kOut),
                                                         std::pair(added->err().fd(), kErr)};
  for (const auto& [fd, source] : sources) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = Tag(id, source);
    epoll_ctl(epoll_fd_.get(), EPOLL_CTL_ADD, fd, &event);
  }
  ARROW_RETURN_NOT_OK(added->SendMemoryLimits(options_.worker_memory));
  return added;
}

void ProcessLane::Watch(WorkerProcess& worker) {
  epoll_event event{};
  event.events = EPOLLIN | (worker.has_queued() ? EPOLLOUT : 0U);
  event.data.u64 = Tag(worker.id(), kSocket);
  epoll_ctl(epoll_fd_.get(), EPOLL_CTL_MOD, worker.socket_fd(), &event);
}

WorkerProcess* ProcessLane::FindIdle() {
  for (auto& [id, worker] : workers_) {
    if (!worker->is_actor() && worker->idle() && !worker->killed() && !worker->kill_time() &&
        !lost_.contains(id)) {
      return worker.get();
    }
  }
  return nullptr;
}

void ProcessLane::StartTask(task::TaskSpec task, task::CompletionSink* sink) {
  WorkerProcess* worker = FindIdle();
  if (worker == nullptr) {
    auto started = StartWorker(Zygote::Use::kTasks);
    if (!started.ok()) {
      FailTask(task, sink, started.status(), /*retryable=*/false);
      return;
    }
    worker = *started;
  }
  SendTask(*worker, std::move(task), sink);
}

void ProcessLane::SendTask(WorkerProcess& worker, task::TaskSpec task, task::CompletionSink* sink) {
  const task::TaskId id = task.id;
  const Status status = worker.SendTask(task, sink);
  if (!worker.Runs(id)) {  // it never got the task
    FailTask(task, sink, status, /*retryable=*/false);
    return;
  }
  worker_of_task_[id] = worker.id();
  if (status.ok()) {
    Watch(worker);
  } else {
    Lost(worker.id(), status);  // its end is the end of the task
  }
}

void ProcessLane::Lost(uint64_t worker_id, const Status& why) {
  if (!lost_.emplace(worker_id, why).second) return;
  WorkerProcess& worker = *workers_[worker_id];
  epoll_ctl(epoll_fd_.get(), EPOLL_CTL_DEL, worker.socket_fd(), nullptr);
  worker.Kill();  // the zygote reports how it ended
}

void ProcessLane::Bury(uint64_t worker_id, const std::string& cause) {
  const auto it = workers_.find(worker_id);
  if (it == workers_.end()) return;
  const WorkerPtr worker = std::move(it->second);
  workers_.erase(it);
  NoteProcesses();
  std::string how = cause;
  if (const auto lost = lost_.extract(worker_id); lost && !lost.mapped().IsIOError()) {
    // Not the end of its stream: it was ended here.
    how = "was given up: " + lost.mapped().message();
  }
  worker->out().Forward(worker->Prefix());
  worker->err().Forward(worker->Prefix());
  const std::string who = "a worker process (pid " + std::to_string(worker->pid()) + ") " + how;
  // The actor's end first: a task that is tried again must not be sent to it once more.
  if (worker->is_actor()) worker_of_actor_.erase(worker->actor());
  if (worker->is_actor() && !worker->dismissed() && !worker->actor_failed()) {
    Completion completion;
    completion.kind = Completion::Kind::kActorFailed;
    completion.actor = worker->actor();
    completion.status = MakeError(arrow::StatusCode::UnknownError, ErrorKind::kWorkerCrashed, who);
    worker->actor_sink()->Push(std::move(completion));
  }
  if (worker->is_actor()) {
    for (auto& waiting : restoring_.RemoveOfActor(worker->actor())) {
      worker->Doom(std::move(waiting.spec), waiting.sink);
    }
  }
  for (auto& task : worker->TakeTasks()) {
    worker_of_task_.erase(task.spec.id);
    const bool cancelled = task.cancelled || worker->dismissed();
    FailTask(
        task.spec, task.sink,
        cancelled
            ? MakeError(arrow::StatusCode::Cancelled, ErrorKind::kCancelled, "task was cancelled")
            : MakeError(arrow::StatusCode::UnknownError,
                        worker->is_actor() ? ErrorKind::kActorDied : ErrorKind::kWorkerCrashed,
                        who + " while it ran " + task.spec.body->operator_name()),
        /*retryable=*/!cancelled);
  }
  CheckJoins();
}

void ProcessLane::EndSurplus(int max_idle) {
  int idle = 0;
  for (auto& [id, worker] : workers_) {
    if (worker->is_actor() || !worker->idle() || worker->killed() || lost_.contains(id)) continue;
    if (++idle > max_idle) worker->Kill();
  }
}

void ProcessLane::FailTask(const task::TaskSpec& task, task::CompletionSink* sink, Status status,
                           bool retryable) {
  Completion completion;
  completion.kind = Completion::Kind::kTaskFailed;
  completion.task = task.id;
  completion.status = std::move(status);
  completion.retryable = retryable;
  sink->Push(std::move(completion));
}

}  // namespace headrace::backend
