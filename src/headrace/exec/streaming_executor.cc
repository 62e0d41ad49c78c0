// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/streaming_executor.h"

#include <algorithm>
#include <utility>

#include "headrace/base/log.h"
#include "headrace/exec/wait_graph.h"

namespace headrace::exec {
namespace {

/// Readers of progress look a few times a second.
constexpr auto kPublishInterval = std::chrono::milliseconds(100);
/// While memory is what is waited for, its measure can change without an event of this run.
constexpr auto kMemoryInterval = std::chrono::milliseconds(20);

std::chrono::steady_clock::duration Seconds(double seconds) {
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::chrono::duration<double>(seconds));
}

}  // namespace

StreamingExecutor::StreamingExecutor(Topology topology, std::shared_ptr<task::TaskBackend> backend,
                                     ExecutorOptions options)
    : topology_(std::move(topology)),
      backend_(std::move(backend)),
      options_(std::move(options)),
      output_(options_.output, [this] { completions_.Wake(); }),
      resources_(options_.limits, topology_, &backend_->store()->budget()),
      policies_(MakeBackpressurePolicies(backend_->memory(), options_.policies)),
      running_(backend_->memory()),
      plan_text_(topology_.ToString()),
      store_before_(backend_->store()->stats()),
      start_(Clock::now()),
      last_progress_(start_),
      next_warning_s_(options_.stall_warning_s),
      memory_freed_(backend_->memory()->Subscribe([this] { completions_.Wake(); })),
      store_freed_(backend_->store()->room().Subscribe([this] { completions_.Wake(); })) {
  Publish(false, Status::OK());
}

void StreamingExecutor::Start() {
  scheduler_ = std::thread([this] { Run(); });
}

bool StreamingExecutor::Advance() {
  if (ended_) return false;
  auto completions = completions_.Drain(Clock::time_point::min());
  do {
    if (!Turn(std::move(completions))) {
      End();
      return false;
    }
    completions = completions_.Drain(Clock::time_point::min());
  } while (!completions.empty());
  return true;
}

void StreamingExecutor::RequestStop() {
  stop_requested_ = true;
  completions_.Wake();
}

void StreamingExecutor::Shutdown() {
  std::call_once(shutdown_once_, [this] {
    RequestStop();  // 1. the scheduling thread submits nothing more, cancels what runs …
    if (scheduler_.joinable()) scheduler_.join();  // 2. … waits for it, and ends
    if (!ended_) {                                 //    (there was none: Advance, or no start)
      Turn({});
      End();
    }
    memory_freed_.Reset();  // 3. nobody is left who could push or wake
    store_freed_.Reset();
    completions_.Close();
    output_.Finish(MakeError(arrow::StatusCode::Cancelled, ErrorKind::kCancelled,
                             "the execution was stopped"));
    topology_.Clear();  // 4. queues drop their block references
  });
}

void StreamingExecutor::Run() {
  std::vector<task::Completion> completions;
  while (Turn(std::move(completions))) completions = Wait();
  End();
}

bool StreamingExecutor::Turn(std::vector<task::Completion> completions) {
  if (status_.ok()) status_ = Step(std::move(completions));
  if (!status_.ok() || stop_requested_ || Finished()) return false;
  if (Clock::now() - last_publish_ >= kPublishInterval) Publish(false, Status::OK());
  return true;
}

std::vector<task::Completion> StreamingExecutor::Wait() {
  const bool output_was_full = !output_.HasRoom();
  std::optional<Clock::time_point> deadline;
  const auto until = [&](Clock::time_point time) {
    deadline = deadline ? std::min(*deadline, time) : time;
  };
  if (options_.no_progress_timeout_s > 0) {
    until(last_progress_ + Seconds(options_.no_progress_timeout_s));
  }
  if (next_warning_s_ > 0) until(last_progress_ + Seconds(SecondsToWarning()));
  if (waits_for_memory_) until(Clock::now() + kMemoryInterval);
  auto completions = completions_.Drain(deadline);
  // While the output was full, the consumer was the slow one.
  if (!completions.empty() || output_was_full) last_progress_ = Clock::now();
  status_ = CheckProgress();
  return completions;
}

void StreamingExecutor::End() {
  if (status_.ok() && stop_requested_ && !Finished()) {
    status_ =
        MakeError(arrow::StatusCode::Cancelled, ErrorKind::kCancelled, "the execution was stopped");
  }
  Publish(true, status_);
  // A consumer that has seen the end need not wait for actors to be gone; Shutdown() does.
  if (status_.ok()) output_.Finish(status_);
  backend_->Join(&completions_);
  // After an error nothing of the run may be alive when the user sees it.
  output_.Finish(status_);
  ended_ = true;
}

Status StreamingExecutor::Step(std::vector<task::Completion> completions) {
  for (auto& completion : completions) ARROW_RETURN_NOT_OK(Handle(std::move(completion)));
  bool changed = true;
  while (changed && !stop_requested_) {
    changed = false;
    ARROW_RETURN_NOT_OK(MoveBundles(&changed));
    ARROW_RETURN_NOT_OK(PropagateEnds(&changed));
    consumer_bytes_ = output_.bytes();
    resources_.set_consumer_bytes(consumer_bytes_);
    resources_.set_heap_bytes(running_.heap_bytes());
    resources_.LookAtStore();
    ManageActors();
    ReadOutputs();
    changed |= SubmitTasks();
    if (!changed) changed = NoteWaits();
  }
  return Status::OK();
}

Status StreamingExecutor::Handle(task::Completion completion) {
  using Kind = task::Completion::Kind;
  if (completion.kind == Kind::kActorReady || completion.kind == Kind::kActorFailed) {
    const auto it = node_of_actor_.find(completion.actor);
    if (it == node_of_actor_.end()) return Status::OK();
    ActorOperator& actors = *topology_.nodes()[it->second].actors;
    if (completion.kind == Kind::kActorReady) return actors.OnActorReady(completion.actor);
    node_of_actor_.erase(it);
    return actors.OnActorFailed(completion.actor, completion.status);
  }
  const std::optional<int> index = running_.NodeOf(completion.task);
  if (!index) return Status::OK();
  Node& node = topology_.nodes()[*index];
  if (completion.kind == Kind::kBlocks) {
    for (const auto& block : completion.blocks) {
      node.counters.AddBlock(block);
      // The further from the output, the later it is needed.
      block.object->set_spill_rank(*index);
    }
    return node.tasks->OnBlocks(completion.task, std::move(completion.blocks));
  }
  running_.End(completion.task);
  node.counters.last_end_s = SecondsSinceStart();
  if (completion.kind == Kind::kTaskDone) {
    node.counters.AddTask(completion.stats);
    return node.tasks->OnTaskDone(completion.task, completion.stats);
  }
  ++node.counters.tasks_failed;
  return node.tasks->OnTaskFailed(completion.task, completion.status, completion.retryable);
}

Status StreamingExecutor::MoveBundles(bool* moved) {
  // From the output backwards: room made downstream is used at once.
  for (int i = static_cast<int>(topology_.nodes().size()) - 1; i >= 0; --i) {
    ARROW_RETURN_NOT_OK(MoveFrom(i, moved));
  }
  return Status::OK();
}

Status StreamingExecutor::MoveFrom(int index, bool* moved) {
  Node& node = topology_.nodes()[index];
  while (true) {
    const bool wanted = node.output < 0
                            ? output_.HasRoom()
                            : topology_.nodes()[node.output].op->WantsInput(node.output_input);
    if (!wanted) return Status::OK();
    std::optional<RefBundle> bundle = node.op->TakeOutput();
    if (!bundle) return Status::OK();
    *moved = true;
    if (node.tasks == nullptr) {
      node.counters.rows_out += bundle->num_rows();
      node.counters.bytes_out += bundle->size_bytes();
      node.counters.blocks_out += static_cast<int64_t>(bundle->blocks().size());
    }
    if (node.output < 0) {
      rows_out_ += bundle->num_rows();
      output_.Push(*std::move(bundle));
      continue;
    }
    Node& consumer = topology_.nodes()[node.output];
    consumer.counters.rows_in += bundle->num_rows();
    consumer.counters.bytes_in += bundle->size_bytes();
    consumer.counters.blocks_in += static_cast<int64_t>(bundle->blocks().size());
    ARROW_RETURN_NOT_OK(consumer.op->AddInput(*std::move(bundle), node.output_input));
  }
}

Status StreamingExecutor::PropagateEnds(bool* moved) {
  for (Node& node : topology_.nodes()) {
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (!node.input_done[i] && topology_.nodes()[node.inputs[i]].op->Done()) {
        node.input_done[i] = true;
        *moved = true;
        ARROW_RETURN_NOT_OK(node.op->InputDone(static_cast<int>(i)));
      }
    }
  }
  for (Node& node : topology_.nodes()) {
    if (!node.inputs.empty() && node.op->InputNotWanted()) StopInputsOf(node);
  }
  return Status::OK();
}

void StreamingExecutor::StopInputsOf(Node& node) {
  for (const int index : node.inputs) {
    Node& input = topology_.nodes()[index];
    if (std::exchange(input.output_stopped, true)) continue;
    input.op->OutputNotWanted();
    running_.ForEach(index, [&](task::TaskId task) { backend_->Cancel(task); });
    StopInputsOf(input);
  }
}

void StreamingExecutor::ManageActors() {
  for (int i = 0; i < static_cast<int>(topology_.nodes().size()); ++i) {
    Node& node = topology_.nodes()[i];
    if (node.actors == nullptr) continue;
    const auto fits = [&] {
      return resources_.Fits(node.actors->ActorResources()) && !backend_->memory()->pressed();
    };
    while (auto spec = node.actors->NextActor(fits())) {
      node_of_actor_.emplace(spec->id, i);
      backend_->CreateActor(*std::move(spec), &completions_);
    }
    while (auto idle = node.actors->NextIdleActor()) {
      node_of_actor_.erase(*idle);
      backend_->KillActor(*idle);
    }
  }
}

void StreamingExecutor::Acknowledge(Node& node, task::TaskId task) {
  backend_->Acknowledge(task, node.tasks->MarkRead(task));
}

void StreamingExecutor::ReadOutputs() {
  if (resources_.StoreIsFull()) return;
  for (Node& node : topology_.nodes()) {
    if (node.tasks == nullptr) continue;
    while (const auto unread = node.tasks->FirstUnread()) {
      if (unread->more_bytes > resources_.StoreBudget(node)) break;
      Acknowledge(node, unread->task);
    }
  }
}

bool StreamingExecutor::SubmitTasks() {
  bool submitted = false;
  while (true) {
    Decision next = Pick();
    if (next.node < 0 && output_.HasRoom()) {
      next = PickForLiveness(topology_);
      liveness_grants_ += next.node >= 0 ? 1 : 0;
    }
    if (next.node < 0) return submitted;
    Node& node = topology_.nodes()[next.node];
    if (next.resume) {
      Acknowledge(node, node.tasks->FirstPaused()->task);
    } else {
      Submit(next.node);
    }
    submitted = true;
  }
}

bool StreamingExecutor::MayResume(const Node& node) const {
  const auto paused = node.tasks->FirstPaused();
  return paused && resources_.Fits(node.tasks->ResumeResources()) && !resources_.StoreIsFull() &&
         paused->more_bytes <= resources_.StoreBudget(node);
}

Decision StreamingExecutor::Pick() const {
  Decision best;
  int64_t best_bytes = 0;
  for (int i = static_cast<int>(topology_.nodes().size()) - 1; i >= 0; --i) {
    const Node& node = topology_.nodes()[i];
    if (node.tasks == nullptr) continue;
    const bool resume = MayResume(node);
    if (!resume && (!node.tasks->HasTask() || !resources_.Fits(node.tasks->TaskResources()) ||
                    RefusedBy(policies_, node, resources_) != nullptr)) {
      continue;
    }
    // Least memory downstream first; the nodes are visited from the output, which settles ties.
    const int64_t bytes = resources_.StoreUsage(node);
    if (best.node < 0 || bytes < best_bytes) {
      best = {i, resume};
      best_bytes = bytes;
    }
  }
  return best;
}

bool StreamingExecutor::NoteWaits() {
  const auto now = Clock::now();
  // The question makes the store tell when it has room again.
  if (resources_.StoreIsFull() && backend_->store()->room().Admits(0)) return true;
  waits_for_memory_ = false;
  bool waits_for_store = false;
  for (Node& node : topology_.nodes()) {
    OperatorCounters& counters = node.counters;
    counters.held_bytes = resources_.HeldBytes(node);
    counters.peak_held_bytes = std::max(counters.peak_held_bytes, counters.held_bytes);
    if (node.tasks == nullptr) continue;
    std::string_view policy;
    if (node.tasks->HasTask() && resources_.Fits(node.tasks->TaskResources())) {
      const BackpressurePolicy* refusing = RefusedBy(policies_, node, resources_);
      if (refusing != nullptr) policy = refusing->name();
      waits_for_memory_ |= refusing != nullptr && policy == kMemoryCeiling;
      waits_for_store |= refusing != nullptr;
    }
    if (policy.empty() && node.tasks->num_paused() > 0) policy = kStreamingOutput;
    waits_for_store |= node.tasks->num_paused() > 0 || node.tasks->FirstUnread().has_value();
    counters.NoteBackpressure(policy, now);
  }
  return output_.WakeOnTake(waits_for_store && consumer_bytes_ > 0) < consumer_bytes_;
}

void StreamingExecutor::Submit(int index) {
  Node& node = topology_.nodes()[index];
  if (node.counters.first_start_s < 0) node.counters.first_start_s = SecondsSinceStart();
  ++node.counters.tasks_started;
  const int64_t heap_bytes = node.tasks->expected_heap_bytes();
  TaskOperator::Submission submission = node.tasks->StartTask();
  running_.Start(submission.task.id, index, submission.actor, heap_bytes);
  resources_.set_heap_bytes(running_.heap_bytes());
  if (submission.actor) {
    backend_->SubmitToActor(*submission.actor, std::move(submission.task));
  } else {
    backend_->Submit(std::move(submission.task), &completions_);
  }
}

std::string StreamingExecutor::WaitGraph() const {
  return DescribeWaits({topology_, resources_, policies_, *backend_->memory(),
                        backend_->store()->stats(), output_.HasRoom()});
}

double StreamingExecutor::SecondsToWarning() const {
  double usual_s = 0;
  for (const Node& node : topology_.nodes()) {
    if (node.tasks == nullptr || node.tasks->num_running() == 0) continue;
    usual_s = std::max(usual_s, node.counters.wall_s.max);
  }
  return std::max(next_warning_s_, 2 * usual_s);
}

Status StreamingExecutor::CheckProgress() {
  const double idle_s = std::chrono::duration<double>(Clock::now() - last_progress_).count();
  const std::string seconds = std::to_string(static_cast<int64_t>(idle_s));
  if (options_.no_progress_timeout_s > 0 && idle_s >= options_.no_progress_timeout_s) {
    return MakeError(arrow::StatusCode::ExecutionError, ErrorKind::kExecutionTimeout,
                     "no progress for " + seconds +
                         " s (DataContext.execution_no_progress_timeout_s).\n" + WaitGraph());
  }
  if (next_warning_s_ > 0 && idle_s >= SecondsToWarning()) {
    next_warning_s_ *= 2;
    Log(LogLevel::kWarning, "No progress",
        {{"seconds", seconds}, {"dataset", options_.dataset_id}, {"waits", "\n" + WaitGraph()}});
  }
  return Status::OK();
}

void StreamingExecutor::Publish(bool done, const Status& status) {
  RunSnapshot next;
  next.dataset_id = options_.dataset_id;
  next.plan = plan_text_;
  next.seconds = SecondsSinceStart();
  next.done = done;
  next.status = status;
  next.liveness_grants = liveness_grants_;
  next.store = backend_->store()->stats();
  next.spilled_bytes = next.store.spilled_bytes_total - store_before_.spilled_bytes_total;
  next.restored_bytes = next.store.restored_bytes_total - store_before_.restored_bytes_total;
  next.trace_allocations = options_.trace_allocations;
  for (Node& node : topology_.nodes()) {
    if (done) node.counters.NoteBackpressure({}, Clock::now());
    next.operators.push_back(TakeSnapshot(node, resources_, policies_));
  }
  next.rows = rows_out_;
  if (const int64_t consumed = topology_.last().counters.rows_consumed; consumed > 0) {
    next.rows = consumed;
  }
  last_publish_ = Clock::now();
  const std::scoped_lock lock(snapshot_mutex_);
  snapshot_ = std::move(next);
}

RunSnapshot StreamingExecutor::snapshot() const {
  const std::scoped_lock lock(snapshot_mutex_);
  RunSnapshot copy = snapshot_;
  if (!copy.done) copy.seconds = SecondsSinceStart();  // time passes without completions, too
  return copy;
}

double StreamingExecutor::SecondsSinceStart() const {
  return std::chrono::duration<double>(Clock::now() - start_).count();
}

}  // namespace headrace::exec
