// SPDX-License-Identifier: Apache-2.0
// What a block costs the scheduling thread: read -> map -> map in actors -> consumer over a backend
// that finishes every task at once and moves no data. Prints CPU time of the scheduling thread and
// memory per block; `scheduler_bench [blocks] [slots]`, by default 1,000,000 and 16.
//
//   ninja -C build scheduler_bench && build/src/headrace/scheduler_bench
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "headrace/exec/streaming_executor.h"
#include "headrace/testkit/blocks.h"
#include "headrace/testkit/topology_builder.h"

namespace headrace {
namespace {

constexpr int64_t kBlockBytes = 1 << 20;

/// Every task ends at the next Complete(), with one block that all tasks share.
class InstantBackend final : public task::TaskBackend {
 public:
  explicit InstantBackend(task::Resources resources) : resources_(resources) {
    block_ = task::PutBlock(*store_, testkit::IotaBlock(1));
    block_.size_bytes = kBlockBytes;
  }
  const task::BlockRef& block() const { return block_; }

  task::Resources TotalResources() const override { return resources_; }
  const std::shared_ptr<store::ObjectStore>& store() const override { return store_; }
  const std::shared_ptr<store::MemoryLedger>& memory() const override { return memory_; }
  void Submit(task::TaskSpec task, task::CompletionSink* sink) override {
    sink_ = sink;
    running_.push_back(std::move(task));
  }
  void CreateActor(task::ActorSpec actor, task::CompletionSink* sink) override {
    sink_ = sink;
    task::Completion ready;
    ready.kind = task::Completion::Kind::kActorReady;
    ready.actor = actor.id;
    sink->Push(std::move(ready));
  }
  void SubmitToActor(task::ActorId, task::TaskSpec task) override {
    running_.push_back(std::move(task));
  }
  void Acknowledge(task::TaskId, int64_t) override {}
  void Cancel(task::TaskId) override {}
  void KillActor(task::ActorId) override {}
  void Join(task::CompletionSink*) override { running_.clear(); }

  void Complete() {
    std::vector<task::TaskSpec> running;
    running.swap(running_);
    for (task::TaskSpec& task : running) {
      task::Completion blocks;
      blocks.kind = task::Completion::Kind::kBlocks;
      blocks.task = task.id;
      blocks.blocks.push_back(block_);
      sink_->Push(std::move(blocks));
      task.input = {};
      task::Completion done;
      done.task = task.id;
      done.stats.wall_s = 1;  // too long to share a task with others
      done.stats.bytes_out = kBlockBytes;
      done.stats.blocks_out = done.stats.rows_out = 1;
      sink_->Push(std::move(done));
    }
  }

 private:
  const task::Resources resources_;
  const std::shared_ptr<store::MemoryLedger> memory_ = std::make_shared<store::MemoryLedger>(-1);
  const std::shared_ptr<store::ObjectStore> store_ = task::MakeBlockStore(-1);
  task::BlockRef block_;
  task::CompletionSink* sink_ = nullptr;
  std::vector<task::TaskSpec> running_;
};

double ThreadCpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Bytes of "VmRSS" or "VmHWM" of this process.
int64_t Memory(const std::string& field) {
  std::ifstream status("/proc/self/status");
  std::string word;
  int64_t kilobytes = 0;
  while (status >> word) {
    if (word == field + ":") {
      status >> kilobytes;
      break;
    }
  }
  return kilobytes << 10;
}

int Run(int64_t num_blocks, double slots) {
  auto backend = std::make_shared<InstantBackend>(task::Resources{slots, 0, 0});
  const int64_t before = Memory("VmRSS");
  std::vector<task::RefBundle> bundles;
  bundles.reserve(static_cast<size_t>(num_blocks));
  for (int64_t i = 0; i < num_blocks; ++i) bundles.emplace_back(backend->block());
  testkit::TopologyBuilder plan(backend->store());
  plan.Input(std::move(bundles));
  const auto expect = [](auto& options) { options.expected_output_bytes = kBlockBytes; };
  plan.Map("Read", expect);
  plan.Map("Map", expect);
  plan.ActorMap("Model", {.min_size = 4, .max_size = 4}, expect);

  exec::ExecutorOptions options;
  options.limits.slots = {slots, 0, 0};
  options.limits.object_store_bytes = 256 * kBlockBytes;
  exec::StreamingExecutor executor(plan.Build(), backend, options);
  const int64_t planned = Memory("VmRSS");
  double cpu_s = 0;
  int64_t taken = 0;
  int64_t halfway = 0;
  bool running = true;
  while (running) {
    const double begin = ThreadCpuSeconds();
    running = executor.Advance();
    cpu_s += ThreadCpuSeconds() - begin;
    if (executor.WaitReady(std::chrono::milliseconds(0))) {
      taken += static_cast<int64_t>(executor.Take().ValueOrDie().size());
    }
    if (halfway == 0 && taken >= num_blocks / 2) halfway = Memory("VmHWM");
    backend->Complete();
  }
  while (true) {
    const auto blocks = executor.Take().ValueOrDie();
    if (blocks.empty()) break;
    taken += static_cast<int64_t>(blocks.size());
  }
  if (taken != num_blocks) {
    std::fprintf(stderr, "%lld blocks arrived\n", static_cast<long long>(taken));
    return 1;
  }
  const auto blocks = static_cast<double>(num_blocks);
  std::printf("blocks %lld, slots %g\n", static_cast<long long>(num_blocks), slots);
  std::printf("scheduling thread: %.2f us of CPU per block\n", 1e6 * cpu_s / blocks);
  std::printf("memory: %.0f bytes per block planned, %.0f per block at the peak\n",
              static_cast<double>(planned - before) / blocks,
              static_cast<double>(Memory("VmHWM") - before) / blocks);
  std::printf("peak after half of the blocks: %.1f MiB, at the end: %.1f MiB\n",
              static_cast<double>(halfway) / (1 << 20),
              static_cast<double>(Memory("VmHWM")) / (1 << 20));
  return 0;
}

}  // namespace
}  // namespace headrace

int main(int argc, char** argv) {
  return headrace::Run(argc > 1 ? std::atoll(argv[1]) : 1'000'000,
                       argc > 2 ? std::atof(argv[2]) : 16);
}
