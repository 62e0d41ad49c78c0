// SPDX-License-Identifier: Apache-2.0
#include "headrace/backend/local/worker_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace headrace::backend {
namespace {

using task::Completion;

/// What a task gets to notice its cancellation between two batches, before its worker is killed.
constexpr auto kCancelGrace = std::chrono::milliseconds(200);

/// A process whose output is a few megabytes behind is not worth waiting for.
constexpr size_t kMaxPartialLine = 64 << 10;

/// Chunks of one look at a pipe: all that a pipe holds. A worker that prints without end must not
/// keep the others waiting.
constexpr int kMaxChunks = 16;

/// Bodies that a worker remembers: more than one run has operators.
constexpr size_t kMaxBodies = 32;

Result<std::pair<UniqueFd, UniqueFd>> MakePipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Status::IOError("pipe failed: ", std::strerror(errno));
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return std::pair(UniqueFd(ends[0]), UniqueFd(ends[1]));
}

}  // namespace

/// In a terminal a line may fall on a progress bar: the rest of it is wiped.
LineForwarder::LineForwarder(UniqueFd pipe, int target_fd)
    : pipe_(std::move(pipe)),
      target_fd_(target_fd),
      line_end_(isatty(target_fd) == 1 ? "\x1b[K\n" : "\n") {}

void LineForwarder::Forward(const std::string& prefix) {
  char chunk[4096];
  for (int i = 0; i < kMaxChunks && pipe_.valid(); ++i) {
    const ssize_t got = ::read(pipe_.get(), chunk, sizeof(chunk));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) break;
    if (got == 0) {
      if (!partial_.empty()) partial_ += '\n';
      pipe_.Reset();
    }
    partial_.append(chunk, static_cast<size_t>(got));
    size_t begin = 0;
    std::string lines;
    for (size_t end = partial_.find('\n'); end != std::string::npos;
         end = partial_.find('\n', begin)) {
      lines += prefix;
      lines.append(partial_, begin, end - begin).append(line_end_);
      begin = end + 1;
    }
    partial_.erase(0, begin);
    if (partial_.size() > kMaxPartialLine) lines += std::exchange(partial_, {});
    [[maybe_unused]] const ssize_t written = ::write(target_fd_, lines.data(), lines.size());
  }
}

Result<std::unique_ptr<WorkerProcess>> WorkerProcess::Start(
    uint64_t id, Zygote& zygote, Zygote::Use use, std::shared_ptr<store::ObjectStore> store,
    Acknowledgements* acknowledgements, std::function<void(uint64_t)> on_release) {
  ARROW_ASSIGN_OR_RAISE(auto socket, MessageChannel::Pair());
  ARROW_ASSIGN_OR_RAISE(auto out, MakePipe());
  ARROW_ASSIGN_OR_RAISE(auto err, MakePipe());
  const UniqueFd control_fd(memfd_create("headrace-control", MFD_CLOEXEC));
  if (!control_fd.valid() || ftruncate(control_fd.get(), sizeof(ControlPage)) != 0) {
    return Status::IOError("cannot make a control page: ", std::strerror(errno));
  }
  void* page =
      mmap(nullptr, sizeof(ControlPage), PROT_READ | PROT_WRITE, MAP_SHARED, control_fd.get(), 0);
  if (page == MAP_FAILED) return Status::IOError("mmap failed: ", std::strerror(errno));
  std::unique_ptr<WorkerProcess> worker(new WorkerProcess(
      id, std::move(socket.first), std::move(out.first), std::move(err.first),
      new (page) ControlPage, std::move(store), acknowledgements, std::move(on_release)));
  ARROW_RETURN_NOT_OK(zygote.Fork(id, use, socket.second.get(), control_fd.get(), out.second.get(),
                                  err.second.get()));
  return worker;
}

WorkerProcess::WorkerProcess(uint64_t id, UniqueFd socket, UniqueFd out, UniqueFd err,
                             ControlPage* control, std::shared_ptr<store::ObjectStore> store,
                             Acknowledgements* acknowledgements,
                             std::function<void(uint64_t)> on_release)
    : id_(id),
      channel_(std::move(socket)),
      out_(std::move(out), STDOUT_FILENO),
      err_(std::move(err), STDERR_FILENO),
      control_(control),
      store_(std::move(store)),
      acknowledgements_(acknowledgements),
      decoder_(std::move(on_release)) {}

WorkerProcess::~WorkerProcess() {
  for (const RunningTask& task : tasks_) acknowledgements_->Forget(task.spec.id);
  munmap(control_, sizeof(ControlPage));
}

std::string WorkerProcess::Prefix() const {
  return "(" + (operator_name_.empty() ? std::string("worker") : operator_name_) +
         " pid=" + std::to_string(pid_) + ") ";
}

/// Empty when the worker knows `body` already. Serialized bodies are never empty.
Result<std::string> WorkerProcess::BodyBytesIfNew(const task::TaskBody& body) const {
  if (std::find(bodies_.begin(), bodies_.end(), body.id()) != bodies_.end()) return std::string();
  return body.Serialize();
}

void WorkerProcess::WriteBody(const task::TaskBody& body, const std::string& bytes_if_new,
                              WireWriter* out) {
  // Which bodies the worker keeps is decided here alone, so that both sides agree.
  std::erase(bodies_, body.id());
  bodies_.push_back(body.id());
  std::vector<uint64_t> dropped;
  while (bodies_.size() > kMaxBodies) {
    dropped.push_back(bodies_.front());
    bodies_.pop_front();
  }
  out->U64(body.id());
  WriteIds(dropped, out);
  out->Str(bytes_if_new);
  operator_name_ = body.operator_name();
}

/// A block of a task, ready to be written.
struct WorkerProcess::Input {
  Block block;  // inside the message
  FlatBlock flat;
  store::SharedBytes shared;  // segment == nullptr: inside the message
};

Result<std::vector<WorkerProcess::Input>> WorkerProcess::PrepareInputs(
    const task::RefBundle& bundle) {
  std::vector<Input> inputs(bundle.blocks().size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    const task::BlockRef& ref = bundle.blocks()[i];
    if (ref.size_bytes <= kMaxInlineBytes) {
      ARROW_ASSIGN_OR_RAISE(inputs[i].block, ref.Load());
      ARROW_ASSIGN_OR_RAISE(inputs[i].flat, Flatten(inputs[i].block));
      if (inputs[i].flat.body_bytes() <= 2 * kMaxInlineBytes) continue;
    }
    ARROW_ASSIGN_OR_RAISE(inputs[i].shared, ref.object->Share());
  }
  return inputs;
}

/// Sends the descriptors of new segments ahead when one message cannot carry them all.
Status WorkerProcess::IntroduceSegments(const std::vector<Input>& inputs) {
  const auto is_new = [&](const Input& input) {
    return input.shared.segment != nullptr && !encoder_.Knows(*input.shared.segment);
  };
  if (std::count_if(inputs.begin(), inputs.end(), is_new) <=
      static_cast<int64_t>(MessageChannel::kMaxFds)) {
    return Status::OK();
  }
  for (auto input = inputs.begin(); input != inputs.end();) {
    WireWriter out;
    std::vector<int> fds;
    out.U64(static_cast<uint64_t>(MessageType::kMapSegments));
    for (; input != inputs.end() && fds.size() < MessageChannel::kMaxFds; ++input) {
      if (is_new(*input)) encoder_.Introduce(input->shared.segment, &out, &fds);
    }
    ARROW_RETURN_NOT_OK(channel_.Queue(out.Take(), fds));
  }
  return Status::OK();
}

Status WorkerProcess::SendTask(task::TaskSpec& spec, task::CompletionSink* sink) {
  // All that can fail by the task's own fault comes first: nothing has been written yet.
  ARROW_ASSIGN_OR_RAISE(const std::string body_bytes, BodyBytesIfNew(*spec.body));
  ARROW_ASSIGN_OR_RAISE(const std::vector<Input> inputs, PrepareInputs(spec.input));
  tasks_.push_back({std::move(spec), sink});
  RunningTask& running = tasks_.back();
  const task::TaskSpec& task = running.spec;
  if (task.params.max_unread_blocks > 0) acknowledgements_->Watch(task.id, control_);
  ARROW_RETURN_NOT_OK(IntroduceSegments(inputs));
  WireWriter out;
  std::vector<int> fds;
  out.U64(static_cast<uint64_t>(MessageType::kRunTask));
  WriteIds(encoder_.TakeForgotten(), &out);
  out.U64(task.id);
  WriteParams(task.params, &out);
  WriteBody(*task.body, body_bytes, &out);
  out.U64(inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Input& input = inputs[i];
    if (input.shared.segment == nullptr) {
      ARROW_RETURN_NOT_OK(encoder_.WriteInline(input.block, input.flat, &out));
      continue;
    }
    const task::BlockRef& ref = task.input.blocks()[i];
    encoder_.WriteShared(input.shared, ref.offset, ref.num_rows, &out, &fds);
    running.shared.emplace_back(input.shared.segment->id(),
                                store::KeepPinned(ref.object, input.shared.pin));
  }
  ARROW_RETURN_NOT_OK(channel_.Queue(out.Take(), fds));
  return channel_.Flush(/*wait=*/false);
}

Status WorkerProcess::SendCreateActor(const task::ActorSpec& actor, task::CompletionSink* sink) {
  actor_ = actor.id;
  actor_sink_ = sink;
  actor_resources_ = actor.resources;
  ARROW_ASSIGN_OR_RAISE(const std::string body_bytes, BodyBytesIfNew(*actor.body));
  WireWriter out;
  out.U64(static_cast<uint64_t>(MessageType::kCreateActor));
  WriteBody(*actor.body, body_bytes, &out);
  ARROW_RETURN_NOT_OK(channel_.Queue(out.Take(), {}));
  return channel_.Flush(/*wait=*/false);
}

Status WorkerProcess::SendMemoryLimits(const MemoryLimits& limits) {
  WireWriter out;
  out.U64(static_cast<uint64_t>(MessageType::kMemoryLimits));
  WriteMemoryLimits(limits, &out);
  ARROW_RETURN_NOT_OK(channel_.Queue(out.Take(), {}));
  return channel_.Flush(/*wait=*/false);
}

Status WorkerProcess::SendTrim() {
  WireWriter out;
  out.U64(static_cast<uint64_t>(MessageType::kTrim));
  ARROW_RETURN_NOT_OK(channel_.Queue(out.Take(), {}));
  ARROW_RETURN_NOT_OK(channel_.Flush(/*wait=*/false));
  control_->Wake();
  return Status::OK();
}

Status WorkerProcess::SendRelease(const std::vector<uint64_t>& segments) {
  WireWriter out;
  out.U64(static_cast<uint64_t>(MessageType::kRelease));
  WriteIds(segments, &out);
  ARROW_RETURN_NOT_OK(channel_.Queue(out.Take(), {}));
  ARROW_RETURN_NOT_OK(channel_.Flush(/*wait=*/false));
  control_->Wake();  // a paused task takes back what it can
  return Status::OK();
}

void WorkerProcess::Cancel(task::TaskId task) {
  RunningTask* running = Find(task);
  if (running == nullptr || running->cancelled) return;
  running->cancelled = true;
  control_->Cancel(task);
  if (!kill_time_) kill_time_ = Clock::now() + kCancelGrace;
}

void WorkerProcess::Kill() {
  killed_ = true;
  if (pid_ > 0 && !exited_) kill(pid_, SIGKILL);
}

WorkerProcess::RunningTask* WorkerProcess::Find(task::TaskId task) {
  const auto it = std::find_if(tasks_.begin(), tasks_.end(),
                               [&](const RunningTask& t) { return t.spec.id == task; });
  return it == tasks_.end() ? nullptr : &*it;
}

Status WorkerProcess::Receive() {
  std::vector<Message> messages;
  const Status received = channel_.Receive(/*wait=*/false, &messages);
  for (Message& message : messages) ARROW_RETURN_NOT_OK(Handle(std::move(message)));
  return received;
}

Status WorkerProcess::Handle(Message message) {
  WireReader in(message.bytes);
  std::deque<UniqueFd> fds(std::make_move_iterator(message.fds.begin()),
                           std::make_move_iterator(message.fds.end()));
  switch (static_cast<MessageType>(in.U64())) {
    case MessageType::kBlocks:
      return HandleBlocks(&in, &fds);
    case MessageType::kTaskDone:
      return HandleEnd(&in, /*failed=*/false);
    case MessageType::kTaskFailed:
      return HandleEnd(&in, /*failed=*/true);
    case MessageType::kStarted:
      baseline_bytes_ = in.I64();
      return in.Finish();
    case MessageType::kActorReady:
    case MessageType::kActorFailed: {
      Completion completion;
      completion.actor = actor_;
      actor_failed_ = message.bytes[0] == static_cast<char>(MessageType::kActorFailed);
      completion.kind =
          actor_failed_ ? Completion::Kind::kActorFailed : Completion::Kind::kActorReady;
      if (actor_failed_) {
        const Status status = ReadStatus(&in);
        const ErrorDetail* detail = GetErrorDetail(status);
        completion.status = MakeError(status.code(), ErrorKind::kActorDied, status.message(),
                                      detail == nullptr ? std::string() : detail->payload());
      }
      actor_sink_->Push(std::move(completion));
      return Status::OK();
    }
    default:
      return Status::Invalid("unknown message from a worker");
  }
}

Status WorkerProcess::HandleBlocks(WireReader* in, std::deque<UniqueFd>* fds) {
  const task::TaskId id = in->U64();
  decoder_.Forget(ReadIds(in));
  Completion completion;
  completion.kind = Completion::Kind::kBlocks;
  completion.task = id;
  const uint64_t count = in->Count();
  completion.blocks.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    task::BlockRef ref;
    // As the worker counted it: both sides count unread blocks.
    ref.size_bytes = in->I64();
    ARROW_ASSIGN_OR_RAISE(DecodedBlock decoded, decoder_.Read(in, fds));
    ref.num_rows = decoded.block.num_rows();
    auto value = std::make_shared<const Block>(std::move(decoded.block));
    ref.object =
        decoded.shared.segment == nullptr
            ? store_->Put(std::move(value), ref.size_bytes)
            : store_->PutShared(std::move(value), ref.size_bytes, std::move(decoded.shared));
    completion.blocks.push_back(std::move(ref));
  }
  const RunningTask* task = Find(id);
  if (task != nullptr) task->sink->Push(std::move(completion));
  return Status::OK();
}

Status WorkerProcess::HandleEnd(WireReader* in, bool failed) {
  Completion completion;
  completion.task = in->U64();
  completion.stats = ReadStats(in);
  const std::vector<uint64_t> retained = ReadIds(in);
  for (const uint64_t id : ReadIds(in)) retained_.erase(id);
  completion.kind = failed ? Completion::Kind::kTaskFailed : Completion::Kind::kTaskDone;
  if (failed) completion.status = ReadStatus(in);
  ARROW_RETURN_NOT_OK(in->Finish());
  const auto it = std::find_if(tasks_.begin(), tasks_.end(), [&](const RunningTask& task) {
    return task.spec.id == completion.task;
  });
  if (it == tasks_.end()) return Status::OK();
  for (auto& [segment, object] : it->shared) {
    if (std::find(retained.begin(), retained.end(), segment) != retained.end()) {
      retained_[segment] = std::move(object);
    }
  }
  task::CompletionSink* sink = it->sink;
  tasks_.erase(it);
  acknowledgements_->Forget(completion.task);
  if (std::none_of(tasks_.begin(), tasks_.end(), [](const auto& t) { return t.cancelled; })) {
    kill_time_.reset();
  }
  sink->Push(std::move(completion));
  return Status::OK();
}

}  // namespace headrace::backend
