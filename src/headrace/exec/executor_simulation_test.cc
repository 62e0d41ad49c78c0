// SPDX-License-Identifier: Apache-2.0
// Random topologies, random completion orders, tiny budgets: no run stalls, rows are conserved and
// in order, and nothing stays in the store. HEADRACE_SIMULATION_SEED repeats one of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "headrace/base/log.h"
#include "headrace/exec/operators/repartition_operator.h"
#include "headrace/exec/operators/row_slicer_operator.h"
#include "headrace/testkit/test_run.h"

namespace headrace::exec {
namespace {

using testkit::FakeBody;
using testkit::Iota;
using testkit::ManualBackend;
using testkit::TopologyBuilder;

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  /// At least `low`, at most `high`.
  int64_t Between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(engine_() % static_cast<uint64_t>(high - low + 1));
  }
  bool Once(int64_t in) { return Between(1, in) == 1; }

 private:
  std::mt19937_64 engine_;  // the same numbers on every machine
};

/// Passes its input on in blocks of one to `rows` rows.
Status CutUp(int64_t rows, const std::vector<Block>& inputs, task::TaskOutput& out) {
  for (const Block& block : inputs) {
    for (int64_t row = 0; row < block.num_rows(); row += rows) {
      ARROW_RETURN_NOT_OK(out.Put(block.Slice(row, rows)));
    }
  }
  return Status::OK();
}

class Simulation {
 public:
  explicit Simulation(uint64_t seed)
      : random_(seed),
        backend_(std::make_shared<ManualBackend>(
            ManualBackend::Options{.actors_are_ready_at_once = random_.Once(2)})),
        builder_(backend_->store()) {}

  void Check() {
    const std::vector<int64_t> expected = AddOperators();
    const int64_t peak_objects = backend_->store()->stats().num_objects;
    Topology topology = builder_.Build();
    SCOPED_TRACE(topology.ToTreeString());
    testkit::TestRun run(std::move(topology), backend_, Options());
    std::vector<int64_t> rows;
    const bool ended = Drive(run, &rows);
    ASSERT_TRUE(ended) << "the run stalled";
    EXPECT_EQ(rows, expected);
    run.End();
    EXPECT_EQ(backend_->store()->stats().num_objects, 0) << "of " << peak_objects;
    EXPECT_EQ(backend_->store()->stats().used_bytes, 0);
    EXPECT_EQ(backend_->num_actors(), 0);
  }

 private:
  ExecutorOptions Options() {
    ExecutorOptions options;
    options.limits.slots = {static_cast<double>(random_.Between(1, 4)), 1, 0};
    options.limits.object_store_bytes = random_.Between(1, 2000);
    options.limits.reservation_enabled = !random_.Once(4);
    options.output.max_blocks = random_.Between(1, 5);
    options.output.max_bytes = random_.Between(1, 500);
    return options;
  }

  /// What the operators added so far give.
  std::vector<int64_t> AddOperators() {
    std::vector<int> branches;
    std::vector<int64_t> ids;
    const int64_t num_branches = random_.Once(3) ? random_.Between(2, 3) : 1;
    for (int64_t branch = 0; branch < num_branches; ++branch) {
      const auto num_rows = random_.Between(0, 40);
      std::vector<int64_t> some = Iota(num_rows, 1000 * branch);
      const int64_t num_blocks = random_.Between(0, 8);
      int last = builder_.Range(num_rows, num_blocks, 1000 * branch);
      if (num_blocks == 0) some.clear();
      for (int64_t i = random_.Between(branch == 0 ? 1 : 0, 3); i > 0; --i) last = AddOne(&some);
      branches.push_back(last);
      ids.insert(ids.end(), some.begin(), some.end());
    }
    if (num_branches > 1) builder_.Union(branches);
    for (int64_t i = random_.Between(0, 3); i > 0; --i) AddOne(&ids);
    return ids;
  }

  int AddOne(std::vector<int64_t>* ids) {
    switch (random_.Between(0, 6)) {
      case 0: {
        const int64_t rows = random_.Between(0, 50);
        if (rows < static_cast<int64_t>(ids->size())) ids->resize(rows);
        return builder_.Limit(rows);
      }
      case 1:
        return builder_.Add(std::make_unique<RepartitionOperator>(random_.Between(1, 6)));
      case 2:
        return builder_.Add(std::make_unique<RowSlicerOperator>("Slices", random_.Between(1, 9)));
      case 3: {
        ActorPoolOptions pool;
        pool.min_size = random_.Between(1, 2);
        pool.max_size = pool.min_size + random_.Between(0, 2);
        pool.initial_size = random_.Between(-1, 2);
        pool.max_tasks_in_flight = random_.Between(1, 3);
        return builder_.ActorMap("actors", pool, Tweak());
      }
      default:
        return builder_.Map("tasks", Tweak());
    }
  }

  TopologyBuilder::ChangeMap Tweak() {
    return [this](MapOperatorOptions& options) {
      options.resources.cpu = static_cast<double>(random_.Between(0, 12)) / 4;
      options.resources.gpu = random_.Once(8) ? 1 : 0;
      options.resources.memory_bytes = random_.Once(8) ? 1000 : 0;
      options.expected_output_bytes = random_.Between(0, 1000);
      options.max_running = random_.Once(3) ? random_.Between(1, 3) : -1;
      options.bundler.min_rows = random_.Once(3) ? random_.Between(1, 30) : 0;
      options.bundler.may_group = random_.Once(2);
      options.max_queued_bytes = random_.Between(1, 300);
      options.max_retries = 1000;
      options.body = std::make_shared<FakeBody>(
          options.name,
          [rows = random_.Between(1, 20)](const auto& inputs, const auto&, auto& out) {
            return CutUp(rows, inputs, out);
          });
    };
  }

  /// One event after the other. False when nothing can happen any more and the run has not ended.
  bool Drive(testkit::TestRun& run, std::vector<int64_t>* rows) {
    constexpr auto kAtOnce = std::chrono::milliseconds(0);
    // Until the first task is submitted there is nobody to ask whether the scheduler sleeps.
    while (!backend_->WaitForContact(std::chrono::milliseconds(1))) {
      if (run.executor().WaitReady(kAtOnce) && !Take(run, rows)) return true;
    }
    while (backend_->Settle()) {
      if (backend_->joined()) return run.TakeAll(rows).ok();
      const std::vector<int> running = backend_->running();
      const bool has_output = run.executor().WaitReady(kAtOnce);
      if (has_output && (running.empty() || random_.Once(3))) {
        if (!Take(run, rows)) return true;
      } else if (!running.empty()) {
        const int task = running[random_.Between(0, static_cast<int64_t>(running.size()) - 1)];
        if (random_.Once(12)) {
          backend_->Kill(task);
        } else {
          backend_->Finish(task);
        }
      } else if (backend_->num_waiting_actors() > 0) {
        backend_->MakeActorsReady();
      } else {
        return false;
      }
    }
    return false;
  }

  static bool Take(testkit::TestRun& run, std::vector<int64_t>* rows) {
    const auto blocks = run.executor().Take();
    EXPECT_TRUE(blocks.ok()) << blocks.status().ToString();
    if (!blocks.ok() || blocks->empty()) return false;
    const std::vector<int64_t> some = testkit::Ids(*blocks);
    rows->insert(rows->end(), some.begin(), some.end());
    return true;
  }

  Random random_;
  std::shared_ptr<ManualBackend> backend_;
  TopologyBuilder builder_;
};

TEST(ExecutorSimulationTest, ConservesRowsInAnyOrderOfEvents) {
  SetLogLevel(LogLevel::kError);  // workers die all the time here
  const char* only = std::getenv("HEADRACE_SIMULATION_SEED");
  const uint64_t first = only == nullptr ? 1 : std::strtoull(only, nullptr, 10);
  const uint64_t last = only == nullptr ? 2000 : first;
  for (uint64_t seed = first; seed <= last && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("HEADRACE_SIMULATION_SEED=" + std::to_string(seed));
    Simulation(seed).Check();
  }
}

}  // namespace
}  // namespace headrace::exec
