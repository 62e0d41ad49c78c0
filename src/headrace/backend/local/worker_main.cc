// SPDX-License-Identifier: Apache-2.0
#include "headrace/backend/local/worker_main.h"

#include <malloc.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "headrace/backend/local/block_exchange.h"
#include "headrace/backend/local/control_page.h"
#include "headrace/backend/local/message_channel.h"
#include "headrace/backend/local/protocol.h"
#include "headrace/backend/local/task_heap.h"
#include "headrace/base/log.h"
#include "headrace/base/process_memory.h"
#include "headrace/block/tensor.h"
#include "headrace/store/recycling_pool.h"
#include "headrace/task/unread_blocks.h"
#include "headrace/worker/transform_chain.h"

namespace headrace::backend {
namespace {

/// Output is sent when this much is waiting, or the task has ended.
constexpr size_t kSendBytes = 64 << 10;
/// Output that waits longer is sent with the next block.
constexpr auto kSendInterval = std::chrono::milliseconds(5);

/// Segments of the driver that blocks of this process still point into. Any thread.
class InputSegments {
 public:
  void Used(uint64_t id) {
    const std::scoped_lock lock(mutex_);
    ++users_[id];
  }
  void Released(uint64_t id) {
    const std::scoped_lock lock(mutex_);
    const auto it = users_.find(id);
    if (it == users_.end() || --it->second > 0) return;
    users_.erase(it);
    if (retained_.erase(id) > 0) released_.push_back(id);
  }
  struct Report {
    std::vector<uint64_t> retained;
    std::vector<uint64_t> released;
  };
  /// Of the `ids` that a task used, those still in use: the driver keeps them until a later report
  /// names them as released. One segment may be in both lists: released before, in use again.
  Report Retain(const std::vector<uint64_t>& ids) {
    const std::scoped_lock lock(mutex_);
    Report report;
    report.released = std::exchange(released_, {});
    for (const uint64_t id : ids) {
      if (users_.contains(id)) {
        report.retained.push_back(id);
        retained_.insert(id);
      }
    }
    return report;
  }

 private:
  std::mutex mutex_;
  std::map<uint64_t, int> users_ HR_GUARDED_BY(mutex_);
  std::set<uint64_t> retained_ HR_GUARDED_BY(mutex_);
  std::vector<uint64_t> released_ HR_GUARDED_BY(mutex_);
};

class Worker final : public task::TaskOutput {
 public:
  Worker(UniqueFd socket, ControlPage* control) : channel_(std::move(socket)), control_(control) {}

  Status Loop() {
    WireWriter started;
    started.U64(static_cast<uint64_t>(MessageType::kStarted));
    started.I64(AnonymousBytes(getpid()).value_or(0));
    ARROW_RETURN_NOT_OK(channel_.Queue(started.Take(), {}));
    ARROW_RETURN_NOT_OK(channel_.Flush(/*wait=*/true));
    while (true) {
      if (waiting_.empty()) ARROW_RETURN_NOT_OK(Poll(/*wait=*/true));
      while (!waiting_.empty()) {
        Message message = std::move(waiting_.front());
        waiting_.pop_front();
        ARROW_RETURN_NOT_OK(Handle(std::move(message)));
      }
    }
  }

  Status Put(Block block) override {
    if (cancelled()) return Cancelled();
    ARROW_ASSIGN_OR_RAISE(const FlatBlock flat, Flatten(block));
    const int64_t size_bytes = block.size_bytes();
    WireWriter one;
    one.I64(size_bytes);
    if (flat.body_bytes() <= kMaxInlineBytes) {
      ARROW_RETURN_NOT_OK(encoder_.WriteInline(block, flat, &one));
    } else {
      ARROW_RETURN_NOT_OK(WriteToSegment(block, flat, &one));
    }
    blocks_ += one.bytes();
    ++num_blocks_;
    const auto now = std::chrono::steady_clock::now();
    if (blocks_.size() >= kSendBytes || block_fds_.size() >= MessageChannel::kMaxFds / 2 ||
        flat.body_bytes() > kMaxInlineBytes || now - last_send_ > kSendInterval) {
      ARROW_RETURN_NOT_OK(QueueBlocks());
      last_send_ = now;
      ARROW_RETURN_NOT_OK(channel_.Flush(/*wait=*/true));
    }
    unread_.Add(size_bytes);
    return unread_.full() ? WaitWhileFull() : Status::OK();
  }

  bool cancelled() const override { return control_->IsCancelled(current_task_); }

 private:
  static Status Cancelled() {
    return MakeError(arrow::StatusCode::Cancelled, ErrorKind::kCancelled, "task was cancelled");
  }

  /// The pause of a task whose output nobody takes. Segments that come back are taken in.
  Status WaitWhileFull() {
    TakeAcknowledged();
    if (!unread_.full()) return Status::OK();
    ARROW_RETURN_NOT_OK(QueueBlocks());
    ARROW_RETURN_NOT_OK(channel_.Flush(/*wait=*/true));
    while (true) {
      const uint32_t changes = control_->changes();
      if (cancelled()) return Cancelled();
      TakeAcknowledged();
      if (!unread_.full()) return Status::OK();
      ARROW_RETURN_NOT_OK(Poll(/*wait=*/false));
      control_->SleepUnlessChanged(changes);
    }
  }

  void TakeAcknowledged() {
    const uint32_t acknowledged = control_->Acknowledged(current_task_);
    unread_.Acknowledge(static_cast<int64_t>(acknowledged) - acknowledged_);
    acknowledged_ = acknowledged;
  }

  /// Takes in what has arrived: segments given back at once, work into waiting_.
  Status Poll(bool wait) {
    std::vector<Message> messages;
    const Status received = channel_.Receive(wait, &messages);
    for (Message& message : messages) {
      WireReader in(message.bytes);
      switch (static_cast<MessageType>(in.U64())) {
        case MessageType::kRelease:
          TakeBack(ReadIds(&in));
          break;
        case MessageType::kTrim:
          Trim();
          break;
        case MessageType::kMemoryLimits:
          SetLimits(ReadMemoryLimits(&in));
          break;
        default:
          waiting_.push_back(std::move(message));
      }
    }
    return waiting_.empty() ? received : Status::OK();
  }

  void TakeBack(const std::vector<uint64_t>& segments) {
    for (const uint64_t id : segments) {
      const auto it = sent_.find(id);
      if (it == sent_.end()) continue;
      segments_.Give(std::move(it->second));
      sent_.erase(it);
    }
  }

  /// What the user's functions free, the next batch asks for again: a forward pass of ResNet-50
  /// over 32 images takes 4.8 GB in pieces of up to 100 MB, and giving them back after each cost
  /// 40 % of its processor time in page faults. By itself malloc keeps none above 32 MiB.
  void SetLimits(const MemoryLimits& limits) {
    segments_.SetMaxIdle(limits.max_idle_bytes);
    store::BlockMemoryPool()->SetMaxIdle(limits.max_idle_bytes);
    if (limits.malloc_keep_bytes <= 0) return;
    const int keep = static_cast<int>(std::min<int64_t>(limits.malloc_keep_bytes, INT_MAX / 2));
    // Older versions of the C library refuse more than 32 MiB, and with it the whole setting.
    if (mallopt(M_MMAP_THRESHOLD, keep) == 0) mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 2 * keep);
  }

  void Trim() {
    segments_.ReleaseIdle();
    store::BlockMemoryPool()->ReleaseUnused();
    malloc_trim(0);
  }

  Status Handle(Message message) {
    WireReader in(message.bytes);
    std::deque<UniqueFd> fds(std::make_move_iterator(message.fds.begin()),
                             std::make_move_iterator(message.fds.end()));
    const auto type = static_cast<MessageType>(in.U64());
    if (type == MessageType::kRunTask) return RunTask(&in, &fds);
    if (type == MessageType::kMapSegments) return decoder_.MapSegments(&in, &fds);
    if (type == MessageType::kCreateActor) return CreateActor(&in);
    return Status::Invalid("unknown message type");
  }

  struct Body {
    Status loaded;  // an error stays: the driver sends the bytes only once
    std::shared_ptr<const worker::TransformChain> chain;
    std::unique_ptr<task::TaskRunner> runner;  // kept between tasks
  };
  /// The body that a message names, whose bytes follow if it is new here. Which bodies are kept is
  /// the driver's decision.
  Body& LoadBody(WireReader* in) {
    const uint64_t id = in->U64();
    for (const uint64_t dropped : ReadIds(in)) bodies_.erase(dropped);
    const std::string_view bytes = in->View();
    Body& body = bodies_[id];
    if (!bytes.empty()) {
      auto chain = worker::TransformChain::Deserialize(bytes);
      body.loaded = chain.status();
      if (chain.ok()) body.chain = *std::move(chain);
    } else if (body.chain == nullptr && body.loaded.ok()) {
      body.loaded = Status::Invalid("the worker does not know the task's body");
    }
    return body;
  }

  Status CreateActor(WireReader* in) {
    is_actor_ = true;
    Body& body = LoadBody(in);
    Status made = body.loaded;
    if (made.ok()) {
      WorkIn(body.chain->options().working_directory);
      auto runner = body.chain->MakeRunner();
      made = runner.status();
      if (made.ok()) body.runner = *std::move(runner);
    }
    WireWriter out;
    if (made.ok()) {
      out.U64(static_cast<uint64_t>(MessageType::kActorReady));
    } else {
      out.U64(static_cast<uint64_t>(MessageType::kActorFailed));
      WriteStatus(made, &out);
    }
    ARROW_RETURN_NOT_OK(channel_.Queue(out.Take(), {}));
    return channel_.Flush(true);
  }

  Status RunTask(WireReader* in, std::deque<UniqueFd>* fds) {
    decoder_.Forget(ReadIds(in));
    heap_.Start();
    current_task_ = in->U64();
    const task::TaskParams params = ReadParams(in);
    unread_ = task::UnreadBlocks(params);
    acknowledged_ = 0;
    Body& body = LoadBody(in);
    task::TaskStats stats;
    Status decoding;
    std::vector<Block> inputs;
    std::vector<uint64_t> input_segments;
    const uint64_t num_blocks = in->Count();
    for (uint64_t i = 0; i < num_blocks; ++i) {
      auto decoded = decoder_.Read(in, fds);
      decoding = decoded.status();
      if (!decoding.ok()) break;
      if (decoded->shared.segment != nullptr) {
        input_segments.push_back(decoded->shared.segment->id());
        segments_in_use_.Used(input_segments.back());
      }
      inputs.push_back(std::move(decoded->block));
    }
    const Status status = decoding.ok() ? RunChain(body, &inputs, params, &stats) : decoding;
    inputs.clear();
    stats.heap_peak_bytes = heap_.PeakBytes();
    stats.peak_rss_bytes = heap_.PeakRssBytes();
    const Status reported = Report(status, stats, input_segments);
    // The driver counts on all that it wrote having been read: this process cannot go on.
    return decoding.ok() ? reported : decoding;
  }

  Status RunChain(Body& body, std::vector<Block>* inputs, const task::TaskParams& params,
                  task::TaskStats* stats) {
    ARROW_RETURN_NOT_OK(body.loaded);
    WorkIn(body.chain->options().working_directory);
    if (body.runner == nullptr) {
      ARROW_ASSIGN_OR_RAISE(body.runner, body.chain->MakeRunner());
    }
    const Status status = CatchAsStatus(body.chain->operator_name(), [&] {
      return body.runner->Run(*inputs, params, *this, stats);
    });
    // A failed task may leave half-filled steps behind; a class of a stateless task is made anew.
    if (!is_actor_ && (!status.ok() || body.chain->stateful())) body.runner.reset();
    return status;
  }

  /// The zygote stays where the program was when it started; the program may have moved on.
  void WorkIn(const std::string& directory) {
    if (directory.empty() || directory == directory_) return;
    directory_ = directory;
    if (chdir(directory.c_str()) != 0) {
      Log(LogLevel::kWarning, "Cannot enter the folder of the program", {{"path", directory}});
    }
  }

  Status Report(const Status& status, const task::TaskStats& stats,
                const std::vector<uint64_t>& input_segments) {
    // Also after an error: the encoder counts on the receiver having seen what it wrote.
    ARROW_RETURN_NOT_OK(QueueBlocks());
    const InputSegments::Report segments = segments_in_use_.Retain(input_segments);
    WireWriter out;
    out.U64(static_cast<uint64_t>(status.ok() ? MessageType::kTaskDone : MessageType::kTaskFailed));
    out.U64(current_task_);
    WriteStats(stats, &out);
    WriteIds(segments.retained, &out);
    WriteIds(segments.released, &out);
    if (!status.ok()) WriteStatus(status, &out);
    current_task_ = ~uint64_t{0};
    ARROW_RETURN_NOT_OK(channel_.Queue(out.Take(), {}));
    return channel_.Flush(true);
  }

  Status WriteToSegment(const Block& block, const FlatBlock& flat, WireWriter* out) {
    // Segments that came back meanwhile are warm, and a long task must not pile up new ones.
    ARROW_RETURN_NOT_OK(Poll(/*wait=*/false));
    store::SharedBytes bytes;
    bytes.size = flat.body_bytes();
    ARROW_ASSIGN_OR_RAISE(bytes.segment, segments_.Take(bytes.size));
    CopyBody(flat, bytes.segment->mutable_data());
    ARROW_ASSIGN_OR_RAISE(bytes.schema, encoder_.SchemaBytes(block.schema()));
    bytes.description = flat.description;
    encoder_.WriteShared(bytes, 0, block.num_rows(), out, &block_fds_);
    sent_[bytes.segment->id()] = bytes.segment;
    return Status::OK();
  }

  Status QueueBlocks() {
    if (num_blocks_ == 0) return Status::OK();
    WireWriter out;
    out.U64(static_cast<uint64_t>(MessageType::kBlocks));
    out.U64(current_task_);
    WriteIds(encoder_.TakeForgotten(), &out);
    out.U64(num_blocks_);
    std::string bytes = out.Take();
    bytes += blocks_;
    ARROW_RETURN_NOT_OK(channel_.Queue(std::move(bytes), block_fds_));
    blocks_.clear();
    block_fds_.clear();
    num_blocks_ = 0;
    return Status::OK();
  }

  MessageChannel channel_;
  ControlPage* const control_;
  std::deque<Message> waiting_;
  InputSegments segments_in_use_;
  TaskHeap heap_;
  BlockEncoder encoder_;
  BlockDecoder decoder_{[this](uint64_t id) { segments_in_use_.Released(id); }};
  store::SegmentPool segments_{MemoryLimits().max_idle_bytes};
  std::map<uint64_t, std::shared_ptr<store::Segment>> sent_;  // in use by the driver
  std::map<uint64_t, Body> bodies_;
  std::string directory_;  // that this process works in; "": not known yet
  bool is_actor_ = false;
  uint64_t current_task_ = ~uint64_t{0};
  task::UnreadBlocks unread_;  // of the current task
  int64_t acknowledged_ = 0;   // of its blocks, so far
  std::string blocks_;         // encoded, not sent yet
  std::vector<int> block_fds_;
  uint64_t num_blocks_ = 0;
  std::chrono::steady_clock::time_point last_send_{};
};

}  // namespace

Status RunWorker(int socket_fd, int control_fd) {
  // The zygote has one thread, so its end is the end of the driver's engine.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  RaiseOpenFilesLimit();
  ARROW_RETURN_NOT_OK(RegisterExtensionTypes());
  const UniqueFd control(control_fd);
  void* page =
      mmap(nullptr, sizeof(ControlPage), PROT_READ | PROT_WRITE, MAP_SHARED, control.get(), 0);
  if (page == MAP_FAILED) return Status::IOError("cannot map the control page");
  // Ends only with the process: user code may hold blocks that point back here.
  auto* worker = new Worker(UniqueFd(socket_fd), static_cast<ControlPage*>(page));
  return worker->Loop();
}

}  // namespace headrace::backend
