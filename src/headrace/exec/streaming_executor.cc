// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/streaming_executor.h"

#include <algorithm>
#include <utility>

#include "headrace/base/log.h"

namespace headrace::exec {
namespace {

/// Readers of progress look a few times a second.
constexpr auto kPublishInterval = std::chrono::milliseconds(100);

}  // namespace

StreamingExecutor::StreamingExecutor(Topology topology, std::shared_ptr<task::TaskBackend> backend,
                                     ExecutorOptions options)
    : topology_(std::move(topology)),
      backend_(std::move(backend)),
      options_(std::move(options)),
      output_(options_.output, [this] { completions_.Wake(); }),
      resources_(options_.limits, topology_),
      plan_text_(topology_.ToString()),
      start_(Clock::now()),
      last_progress_(start_) {
  policies_.push_back(std::make_unique<ConcurrencyCapBackpressurePolicy>());
  policies_.push_back(std::make_unique<ResourceBudgetBackpressurePolicy>());
  Publish(false, Status::OK());
}

void StreamingExecutor::Start() {
  scheduler_ = std::thread([this] { Run(); });
}

void StreamingExecutor::RequestStop() {
  stop_requested_ = true;
  completions_.Wake();
}

void StreamingExecutor::Shutdown() {
  std::call_once(shutdown_once_, [this] {
    RequestStop();  // 1. the scheduling thread submits nothing more, cancels what runs …
    if (scheduler_.joinable()) scheduler_.join();  // 2. … waits for it, and ends
    completions_.Close();                          // 3. nobody is left who could push
    output_.Finish(MakeError(arrow::StatusCode::Cancelled, ErrorKind::kCancelled,
                             "the execution was stopped"));
    topology_.Clear();  // 4. queues drop their block references
  });
}

void StreamingExecutor::Run() {
  Status status;
  std::vector<task::Completion> completions;
  while (true) {
    status = Step(std::move(completions));
    if (!status.ok() || stop_requested_ || Finished()) break;
    if (Clock::now() - last_publish_ >= kPublishInterval) Publish(false, Status::OK());
    const bool output_was_full = !output_.HasRoom();
    const auto timeout = std::chrono::duration_cast<Clock::duration>(
        std::chrono::duration<double>(options_.no_progress_timeout_s));
    completions = completions_.Drain(options_.no_progress_timeout_s > 0
                                         ? std::optional(last_progress_ + timeout)
                                         : std::nullopt);
    // While the output was full, the consumer was the slow one.
    if (!completions.empty() || output_was_full) last_progress_ = Clock::now();
    status = CheckProgress();
    if (!status.ok()) break;
  }
  if (status.ok() && stop_requested_ && !Finished()) {
    status =
        MakeError(arrow::StatusCode::Cancelled, ErrorKind::kCancelled, "the execution was stopped");
  }
  Publish(true, status);
  // A consumer that has seen the end need not wait for actors to be gone; Shutdown() does.
  if (status.ok()) output_.Finish(status);
  backend_->Join(&completions_);
  // After an error nothing of the run may be alive when the user sees it.
  output_.Finish(status);
}

Status StreamingExecutor::Step(std::vector<task::Completion> completions) {
  for (auto& completion : completions) ARROW_RETURN_NOT_OK(Handle(std::move(completion)));
  bool changed = true;
  while (changed && !stop_requested_) {
    changed = false;
    ARROW_RETURN_NOT_OK(MoveBundles(&changed));
    ARROW_RETURN_NOT_OK(PropagateEnds(&changed));
    ManageActors();
    changed |= SubmitTasks();
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
  const auto it = node_of_task_.find(completion.task);
  if (it == node_of_task_.end()) return Status::OK();
  Node& node = topology_.nodes()[it->second];
  if (completion.kind == Kind::kBlocks) {
    for (const auto& block : completion.blocks) {
      node.counters.block_rows.Add(static_cast<double>(block.num_rows));
      node.counters.block_bytes.Add(static_cast<double>(block.size_bytes));
      node.counters.rows_out += block.num_rows;
      node.counters.bytes_out += block.size_bytes;
    }
    node.counters.blocks_out += static_cast<int64_t>(completion.blocks.size());
    return node.tasks->OnBlocks(completion.task, std::move(completion.blocks));
  }
  node_of_task_.erase(it);
  node.counters.last_end_s = SecondsSinceStart();
  if (completion.kind == Kind::kTaskDone) {
    Count(node, completion.stats);
    return node.tasks->OnTaskDone(completion.task, completion.stats);
  }
  ++node.counters.tasks_failed;
  return node.tasks->OnTaskFailed(completion.task, completion.status, completion.retryable);
}

void StreamingExecutor::Count(Node& node, const task::TaskStats& stats) {
  OperatorCounters& counters = node.counters;
  ++counters.tasks_done;
  counters.wall_s.Add(stats.wall_s);
  counters.cpu_s.Add(stats.cpu_s);
  counters.udf_s.Add(stats.udf_s);
  counters.rows_consumed += stats.rows_consumed;
  counters.rows_in_done += stats.rows_in;
  counters.task_rows.Add(
      static_cast<double>(stats.rows_consumed > 0 ? stats.rows_consumed : stats.rows_out));
  counters.skipped_inputs += stats.skipped_inputs;
  counters.peak_rss_bytes = std::max(counters.peak_rss_bytes, stats.peak_rss_bytes);
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
    for (const auto& [task, owner] : node_of_task_) {
      if (owner == index) backend_->Cancel(task);
    }
    StopInputsOf(input);
  }
}

void StreamingExecutor::ManageActors() {
  for (int i = 0; i < static_cast<int>(topology_.nodes().size()); ++i) {
    Node& node = topology_.nodes()[i];
    if (node.actors == nullptr) continue;
    while (auto spec = node.actors->NextActor(resources_.Fits(node.actors->ActorResources()))) {
      node_of_actor_.emplace(spec->id, i);
      backend_->CreateActor(*std::move(spec), &completions_);
    }
    while (auto idle = node.actors->NextIdleActor()) {
      node_of_actor_.erase(*idle);
      backend_->KillActor(*idle);
    }
  }
}

bool StreamingExecutor::SubmitTasks() {
  bool submitted = false;
  while (true) {
    int pick = PickOperator();
    if (pick < 0) pick = PickForLiveness();
    if (pick < 0) return submitted;
    Submit(pick);
    submitted = true;
  }
}

int StreamingExecutor::PickOperator() {
  int best = -1;
  int64_t best_bytes = 0;
  for (int i = static_cast<int>(topology_.nodes().size()) - 1; i >= 0; --i) {
    Node& node = topology_.nodes()[i];
    if (node.tasks == nullptr || !node.tasks->HasTask()) continue;
    if (!resources_.Fits(node.tasks->TaskResources())) continue;
    const auto refusal = std::find_if(policies_.begin(), policies_.end(), [&](const auto& policy) {
      return !policy->MaySubmit(node, resources_);
    });
    if (refusal != policies_.end()) {
      NoteBackpressure(node, (*refusal)->name());
      continue;
    }
    NoteBackpressure(node, {});
    // Least memory downstream first; the nodes are visited from the output, which settles ties.
    const int64_t bytes = resources_.StoreUsage(node);
    if (best < 0 || bytes < best_bytes) {
      best = i;
      best_bytes = bytes;
    }
  }
  return best;
}

/// When nothing runs and nothing may run, the operator with input that is closest to the output
/// runs one task, whatever the budgets say: its result can always be taken. Only operators whose
/// output can get through to the consumer now: what waits for its turn in a union would pile up.
int StreamingExecutor::PickForLiveness() const {
  if (!node_of_task_.empty() || !output_.HasRoom()) return -1;
  const auto& nodes = topology_.nodes();
  std::vector<bool> open(nodes.size(), true);
  for (int i = static_cast<int>(nodes.size()) - 1; i >= 0; --i) {
    const Node& node = nodes[i];
    open[i] = node.output < 0 ||
              (open[node.output] && nodes[node.output].op->WantsInput(node.output_input));
    // Slots do not count either: a task that asks for more than there is runs alone, and a GPU that
    // an idle actor further down holds for life is lent to the task that gives it work.
    if (open[i] && node.tasks != nullptr && node.tasks->HasTask()) return i;
  }
  return -1;
}

void StreamingExecutor::NoteBackpressure(Node& node, std::string_view policy) {
  OperatorCounters& counters = node.counters;
  if (counters.backpressure_policy == policy) return;
  const auto now = Clock::now();
  if (!counters.backpressure_policy.empty()) {
    counters.backpressure_s +=
        std::chrono::duration<double>(now - counters.backpressure_since).count();
  }
  counters.backpressure_policy = policy;
  counters.backpressure_since = now;
}

void StreamingExecutor::Submit(int index) {
  Node& node = topology_.nodes()[index];
  NoteBackpressure(node, {});
  if (node.counters.first_start_s < 0) node.counters.first_start_s = SecondsSinceStart();
  ++node.counters.tasks_started;
  TaskOperator::Submission submission = node.tasks->StartTask();
  node_of_task_.emplace(submission.task.id, index);
  if (submission.actor) {
    backend_->SubmitToActor(*submission.actor, std::move(submission.task));
  } else {
    backend_->Submit(std::move(submission.task), &completions_);
  }
}

bool StreamingExecutor::Finished() const {
  const auto& nodes = topology_.nodes();
  return nodes.back().op->Done();
}

Status StreamingExecutor::CheckProgress() {
  if (options_.no_progress_timeout_s <= 0) return Status::OK();
  const double idle_s = std::chrono::duration<double>(Clock::now() - last_progress_).count();
  if (idle_s < options_.no_progress_timeout_s) return Status::OK();
  std::string waiting;
  for (const Node& node : topology_.nodes()) {
    if (node.op->Done()) continue;
    waiting += " " + node.op->name() + ": " +
               std::to_string(node.tasks == nullptr ? 0 : node.tasks->num_running()) +
               " tasks running, " + std::to_string(node.op->queued_blocks()) + " blocks queued";
    if (node.actors != nullptr) waiting += ", actors: " + node.actors->ActorSummary();
    if (!node.counters.backpressure_policy.empty()) {
      waiting += ", held back by " + node.counters.backpressure_policy;
    }
    waiting += ";";
  }
  return MakeError(arrow::StatusCode::ExecutionError, ErrorKind::kExecutionTimeout,
                   "no progress for " + std::to_string(static_cast<int64_t>(idle_s)) +
                       " s (DataContext.execution_no_progress_timeout_s)." + waiting);
}

void StreamingExecutor::Publish(bool done, const Status& status) {
  RunSnapshot next;
  next.dataset_id = options_.dataset_id;
  next.plan = plan_text_;
  next.seconds = SecondsSinceStart();
  next.done = done;
  next.status = status;
  for (Node& node : topology_.nodes()) {
    if (done) NoteBackpressure(node, {});
    OperatorSnapshot op;
    op.name = node.op->name();
    op.type = node.op->type();
    op.done = node.op->Done();
    op.runs_tasks = node.tasks != nullptr;
    op.inputs = node.inputs;
    op.input_is_rows = node.op->input_is_rows();
    op.max_rows_out = node.op->max_rows_out();
    op.num_running = node.tasks == nullptr ? 0 : node.tasks->num_running();
    op.queued_blocks = node.op->queued_blocks();
    op.queued_bytes = node.op->queued_bytes();
    op.output_bytes = node.op->output_bytes();
    if (node.actors != nullptr) {
      op.num_actors = node.actors->num_actors();
      op.actors = node.actors->ActorSummary();
    }
    op.counters = node.counters;
    next.operators.push_back(std::move(op));
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
