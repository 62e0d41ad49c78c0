// SPDX-License-Identifier: Apache-2.0
// Random topologies, random orders of events, tiny limits: no run stalls, rows are conserved and in
// order, limits are passed only where the rules say so, and nothing is left at the end. The
// executor is driven by this thread, so that a run takes a fraction of a millisecond.
//
// HEADRACE_SIMULATIONS=100000 runs that many; HEADRACE_SIMULATION_SEED repeats one of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <utility>

#include "headrace/base/log.h"
#include "headrace/exec/operators/repartition_operator.h"
#include "headrace/exec/operators/row_slicer_operator.h"
#include "headrace/exec/shuffle/block_order_operator.h"
#include "headrace/exec/shuffle/join_exchange_operator.h"
#include "headrace/exec/shuffle/join_strategy_operator.h"
#include "headrace/exec/shuffle/partition_exchange_operator.h"
#include "headrace/exec/shuffle/range_exchange_operator.h"
#include "headrace/exec/shuffle/row_number_operator.h"
#include "headrace/exec/shuffle/zip_operator.h"
#include "headrace/exec/streaming_executor.h"
#include "headrace/task/exchange.h"
#include "headrace/testkit/blocks.h"
#include "headrace/testkit/manual_backend.h"
#include "headrace/testkit/topology_builder.h"

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

std::vector<int64_t> IdsOf(const std::vector<Block>& blocks) {
  std::vector<int64_t> ids;
  for (const Block& block : blocks) {
    for (const int64_t id : testkit::Ids(block)) ids.push_back(id);
  }
  return ids;
}

/// First half of an exchange: row `id` belongs to partition `id` % `num_partitions`.
Status Partition(int num_partitions, const std::vector<Block>& inputs, task::TaskOutput& out,
                 int32_t side = 0) {
  std::vector<std::vector<int64_t>> partitions(static_cast<size_t>(num_partitions));
  for (const int64_t id : IdsOf(inputs)) {
    partitions[static_cast<size_t>(id % num_partitions)].push_back(id);
  }
  for (int p = 0; p < num_partitions; ++p) {
    const auto& ids = partitions[static_cast<size_t>(p)];
    if (ids.empty() && p > 0) continue;
    const task::ExchangeTag tag = {.partition = p, .side = side};
    ARROW_RETURN_NOT_OK(out.Put(task::WithTag(testkit::IdBlock(ids), tag)));
  }
  return Status::OK();
}

/// First half of a join, as its argument says.
Status JoinMap(int num_partitions, const std::vector<Block>& inputs, const task::TaskParams& params,
               task::TaskOutput& out) {
  ARROW_ASSIGN_OR_RAISE(const auto input, task::JoinInput::Deserialize(params.argument));
  if (input.partition) return Partition(num_partitions, inputs, out, input.side);
  for (const Block& block : inputs) {
    ARROW_RETURN_NOT_OK(out.Put(task::WithTag(block, {.side = input.side})));
  }
  return Status::OK();
}

std::string KeyOf(int64_t id) {
  std::string digits = std::to_string(id);
  return std::string(8 - digits.size(), '0') + digits;
}

/// First half of a sort: a run in pieces of a few rows.
Status SortRun(const std::vector<Block>& inputs, task::TaskOutput& out) {
  constexpr size_t kPieceRows = 5;
  std::vector<int64_t> ids = IdsOf(inputs);
  std::sort(ids.begin(), ids.end());
  for (size_t begin = 0; begin < ids.size() || begin == 0; begin += kPieceRows) {
    const size_t end = std::min(begin + kPieceRows, ids.size());
    const std::vector<int64_t> piece(ids.begin() + static_cast<int64_t>(begin),
                                     ids.begin() + static_cast<int64_t>(end));
    task::ExchangeTag tag;
    tag.starts_run = begin == 0;
    if (!piece.empty()) {
      tag.first_key = KeyOf(piece.front());
      tag.last_key = KeyOf(piece.back());
    }
    ARROW_RETURN_NOT_OK(out.Put(task::WithTag(testkit::IdBlock(piece), tag)));
  }
  return Status::OK();
}

/// Second half of a sort. No two rows have the same key here.
Status MergeRuns(const std::vector<Block>& inputs, const task::TaskParams& params,
                 task::TaskOutput& out) {
  ARROW_ASSIGN_OR_RAISE(const auto range, task::MergeRange::Deserialize(params.argument));
  std::vector<int64_t> ids = IdsOf(inputs);
  std::erase_if(ids, [&](int64_t id) {
    const std::string key = KeyOf(id);
    return key < range.low.key || (range.has_high && key >= range.high.key);
  });
  std::sort(ids.begin(), ids.end());
  return out.Put(testkit::IdBlock(ids));
}

/// Rows of the first input of a zip or a join.
Status TakeLeft(const std::vector<Block>& inputs, const task::TaskParams& params,
                task::TaskOutput& out) {
  ARROW_ASSIGN_OR_RAISE(const auto counts, task::DeserializeBlockCounts(params.argument));
  for (int64_t i = 0; i < counts.front(); ++i) {
    ARROW_RETURN_NOT_OK(out.Put(task::WithoutTag(inputs[static_cast<size_t>(i)])));
  }
  return Status::OK();
}

constexpr int64_t kBytesPerRow = 8;
constexpr int64_t kRowsPerBranch = 40;
constexpr int64_t kMostBranches = 3;
constexpr int64_t kMostRows = kRowsPerBranch * kMostBranches;

class Simulation {
 public:
  explicit Simulation(uint64_t seed)
      : random_(seed), backend_(MakeBackend(random_)), builder_(backend_->store()) {}

  void Check() {
    const std::vector<int64_t> expected = AddOperators();
    Topology topology = builder_.Build();
    SCOPED_TRACE(topology.ToTreeString());
    executor_ = std::make_unique<StreamingExecutor>(std::move(topology), backend_, Options());
    Drive();
    if (testing::Test::HasFailure()) return;
    EXPECT_EQ(rows_, expected);
    executor_.reset();
    EXPECT_EQ(backend_->store()->stats().num_objects, 0);
    EXPECT_EQ(backend_->store()->stats().used_bytes, 0);
    EXPECT_EQ(backend_->memory()->heap_bytes(), 0);
    EXPECT_EQ(backend_->num_actors(), 0);
  }
  int64_t pauses() const { return pauses_; }
  int64_t grants() const { return grants_; }

 private:
  static std::shared_ptr<ManualBackend> MakeBackend(Random& random) {
    ManualBackend::Options options;
    options.actors_are_ready_at_once = random.Once(2);
    options.memory_bytes = random.Once(2) ? -1 : random.Between(0, 3000);
    return std::make_shared<ManualBackend>(options);
  }

  ExecutorOptions Options() {
    ExecutorOptions options;
    options.limits.slots = {static_cast<double>(random_.Between(1, 4)), 1, 0};
    options.limits.object_store_bytes = store_limit_ = random_.Between(1, 2000);
    options.limits.reservation_enabled = !random_.Once(4);
    options.limits.reservation_ratio = static_cast<double>(random_.Between(0, 4)) / 4;
    options.limits.memory_bytes = random_.Once(3) ? random_.Between(0, 3000) : -1;
    options.output.max_blocks = random_.Between(1, 5);
    options.output.max_bytes = random_.Between(1, 500);
    return options;
  }

  /// What the operators added so far give.
  std::vector<int64_t> AddOperators() {
    std::vector<int> branches;
    std::vector<int64_t> ids;
    const int64_t num_branches = random_.Once(3) ? random_.Between(2, kMostBranches) : 1;
    for (int64_t branch = 0; branch < num_branches; ++branch) {
      const auto num_rows = random_.Between(0, kRowsPerBranch);
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
    switch (random_.Between(0, 10)) {
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
      case 4:
        return AddPartitionExchange(ids);
      case 5:
        return AddRangeExchange(ids);
      case 6:
        return AddZip(*ids);
      case 7:
        return AddJoin(ids);
      default:
        return builder_.Map("tasks", Tweak());
    }
  }

  int AddPartitionExchange(std::vector<int64_t>* ids) {
    const auto num_partitions = static_cast<int>(random_.Between(1, 5));
    builder_.Map("partition",
                 TweakFor([num_partitions](const auto& inputs, const auto&, auto& out) {
                   return Partition(num_partitions, inputs, out);
                 }));
    PartitionExchangeOptions options;
    options.name = "exchange";
    options.num_partitions = num_partitions;
    options.min_bundle_bytes = random_.Between(0, 100);
    builder_.Add(std::make_unique<PartitionExchangeOperator>(options));
    SortByPartition(num_partitions, ids);
    return builder_.Map("reduce", TweakFor([](const auto& inputs, const auto&, auto& out) {
                          for (const Block& block : inputs) {
                            ARROW_RETURN_NOT_OK(out.Put(task::WithoutTag(block)));
                          }
                          return Status::OK();
                        }));
  }

  int AddRangeExchange(std::vector<int64_t>* ids) {
    builder_.Map("runs", TweakFor([](const auto& inputs, const auto&, auto& out) {
                   return SortRun(inputs, out);
                 }));
    RangeExchangeOptions options;
    options.name = "sort";
    options.target_bytes = random_.Between(1, 400);
    options.min_ranges = static_cast<int>(random_.Between(1, 4));
    options.min_bytes = random_.Between(1, 100);
    builder_.Add(std::make_unique<RangeExchangeOperator>(options));
    std::sort(ids->begin(), ids->end());
    return builder_.Map("merge", TweakFor(MergeRuns));
  }

  /// Beside a second source with as many rows, in other blocks.
  int AddZip(const std::vector<int64_t>& ids) {
    const int left = builder_.Add(std::make_unique<RowNumberOperator>("rows", 50));
    builder_.Range(static_cast<int64_t>(ids.size()), random_.Between(1, 8), 50000);
    const int right =
        random_.Once(2)
            ? builder_.Map("tasks", Tweak())
            : builder_.Add(std::make_unique<BlockOrderOperator>(random_.Between(0, 100)));
    builder_.Add(std::make_unique<ZipOperator>(2), {left, right});
    return builder_.Map("zip", TweakFor(TakeLeft));
  }

  /// With a second source whose size decides how they meet. Gives the rows of the left side.
  int AddJoin(std::vector<int64_t>* ids) {
    const int left = builder_.Add(std::make_unique<RowNumberOperator>("rows", 50));
    const int64_t right_rows = random_.Between(0, kRowsPerBranch);
    builder_.Range(right_rows, random_.Between(1, 8), 50000);
    const int right = builder_.Map("tasks", Tweak());
    JoinStrategyOptions strategy;
    strategy.build_side = 1;
    strategy.max_broadcast_bytes = random_.Between(0, 300);
    strategy.bundle_bytes = random_.Between(1, 100);
    builder_.Add(std::make_unique<JoinStrategyOperator>(strategy), {left, right});
    const auto num_partitions = static_cast<int>(random_.Between(1, 5));
    builder_.Map("join map",
                 TweakFor([num_partitions](const auto& inputs, const auto& params, auto& out) {
                   return JoinMap(num_partitions, inputs, params, out);
                 }));
    PartitionExchangeOptions exchange;
    exchange.name = "join";
    exchange.num_inputs = 2;
    exchange.num_partitions = num_partitions;
    exchange.min_bundle_bytes = random_.Between(1, 100);
    builder_.Add(std::make_unique<JoinExchangeOperator>(exchange, 1, strategy.bundle_bytes));
    if (right_rows * kBytesPerRow > strategy.max_broadcast_bytes) {
      SortByPartition(num_partitions, ids);
    }
    return builder_.Map("join", TweakFor(TakeLeft));
  }

  /// The order in which partitions come.
  static void SortByPartition(int num_partitions, std::vector<int64_t>* ids) {
    std::stable_sort(ids->begin(), ids->end(), [num_partitions](int64_t a, int64_t b) {
      return a % num_partitions < b % num_partitions;
    });
  }

  /// For the halves of exchanges: a task has one bundle, and what it gives is not cut up: a block
  /// may have all rows.
  TopologyBuilder::ChangeMap TweakFor(FakeBody::Function function) {
    return [this, function = std::move(function)](MapOperatorOptions& options) {
      Tweak()(options);
      window_ = std::max(window_, options.max_unread_blocks * kMostRows * kBytesPerRow);
      options.bundler.min_rows = 0;
      options.bundler.may_group = false;
      options.body = std::make_shared<FakeBody>(options.name, function);
    };
  }

  TopologyBuilder::ChangeMap Tweak() {
    return [this](MapOperatorOptions& options) {
      const int64_t rows = random_.Between(1, 20);
      options.resources.cpu = static_cast<double>(random_.Between(0, 12)) / 4;
      options.resources.gpu = random_.Once(8) ? 1 : 0;
      options.resources.memory_bytes = random_.Once(8) ? 1000 : 0;
      options.target_max_block_size = rows * kBytesPerRow;
      options.target_min_block_size = random_.Between(1, 100);
      options.max_unread_blocks = random_.Between(1, 4);
      options.expected_output_bytes = random_.Between(0, 1000);
      options.expected_heap_bytes = random_.Between(0, 1000);
      options.max_running = random_.Once(3) ? random_.Between(1, 3) : -1;
      options.bundler.min_rows = random_.Once(3) ? random_.Between(1, 30) : 0;
      options.bundler.min_bytes = random_.Once(4) ? random_.Between(1, 300) : 0;
      options.bundler.may_group = random_.Once(2);
      options.max_queued_bytes = random_.Between(1, 300);
      options.max_retries = 1000;
      options.eager_free = !random_.Once(4);
      const auto body = std::make_shared<FakeBody>(
          options.name,
          [rows](const auto& inputs, const auto&, auto& out) { return CutUp(rows, inputs, out); });
      body->set_heap_peak_bytes(random_.Between(0, 1000));
      options.body = body;
      // A task that pauses has put out no more than this since somebody read.
      const int64_t block = rows * kBytesPerRow;
      window_ = std::max(
          {window_, options.max_unread_blocks * block, options.target_min_block_size + block});
    };
  }

  /// One event after the other until the run has ended.
  void Drive() {
    while (executor_->Advance()) {
      CheckLimits();
      const bool has_output = executor_->WaitReady(std::chrono::milliseconds(0));
      const std::vector<int> ready = backend_->ready();
      if (has_output && (ready.empty() || random_.Once(3))) {
        Take();
      } else if (!ready.empty()) {
        Happen(ready[random_.Between(0, static_cast<int64_t>(ready.size()) - 1)]);
      } else if (backend_->num_waiting_actors() > 0) {
        backend_->MakeActorsReady();
      } else {
        ADD_FAILURE() << "the run stalled\n" << executor_->WaitGraph();
      }
      if (testing::Test::HasFailure()) return;
    }
    while (Take()) {
    }
  }

  void Happen(int ready) {
    if (random_.Once(12) && kills_ < kMaxKills) {
      ++kills_;
      const std::vector<int> all = backend_->running();  // a paused one dies as well
      backend_->Kill(all[random_.Between(0, static_cast<int64_t>(all.size()) - 1)]);
    } else if (random_.Once(3)) {
      backend_->PutOut(ready, static_cast<int>(random_.Between(1, 6)));
    } else {
      backend_->Finish(ready);
    }
  }

  bool Take() {
    const auto blocks = executor_->Take();
    EXPECT_TRUE(blocks.ok()) << blocks.status().ToString();
    if (!blocks.ok() || blocks->empty()) return false;
    const std::vector<int64_t> some = testkit::Ids(*blocks);
    rows_.insert(rows_.end(), some.begin(), some.end());
    return true;
  }

  /// Slots are held by tasks that go on, and by no more of them than there are; what an operator
  /// holds in the store is within the limit of the run. Beyond that is only what the rule of
  /// liveness let happen, and what each task may put out before it pauses.
  void CheckLimits() {
    const ResourceManager& resources = executor_->resources();
    int64_t paused = 0;
    int64_t running = 0;
    double cpu = 0;
    int64_t held = 0;  // the most that one operator holds
    for (const auto& node : executor_->topology().nodes()) {
      if (node.tasks == nullptr) continue;
      paused += node.tasks->num_paused();
      running += node.tasks->num_running();
      // Paused tasks that are cancelled run to their end, which is near.
      if (!node.output_stopped) cpu += node.tasks->UsedResources().cpu;
      if (resources.StoreBudget(node) != std::numeric_limits<int64_t>::max() && !Mixes(node)) {
        held = std::max(held, resources.HeldBytes(node));
      }
    }
    EXPECT_EQ(paused, backend_->paused().size()) << "both sides count the same";
    pauses_ += paused;
    grants_ = executor_->liveness_grants();
    if (cpu <= resources.limits().slots.cpu + 1e-5) grants_when_slots_fit_ = grants_;
    EXPECT_TRUE(cpu <= resources.limits().slots.cpu + 1e-5 || grants_ > grants_when_slots_fit_)
        << cpu << " CPU are in use";
    if (held <= store_limit_) {
      grants_when_store_fits_ = grants_;
      most_running_ = 0;
    }
    // Those that have ended since have put their windows out as well.
    most_running_ = std::max(most_running_, running);
    EXPECT_LE(held,
              store_limit_ + window_ * (most_running_ + 1 + grants_ - grants_when_store_fits_))
        << "of the object store is held; window " << window_ << ", running " << running;
  }

  /// What `node` puts out is mixed in a union with bytes that are charged to nobody.
  bool Mixes(const Topology::Node& node) const {
    for (const auto* at = &node; at->output >= 0;) {
      at = &executor_->topology().nodes()[at->output];
      if (at->tasks != nullptr) return false;
      if (at->inputs.size() > 1) return true;
    }
    return false;
  }

  Random random_;
  const std::shared_ptr<ManualBackend> backend_;
  TopologyBuilder builder_;
  std::unique_ptr<StreamingExecutor> executor_;
  std::vector<int64_t> rows_;
  int64_t store_limit_ = 0;
  int64_t most_running_ = 0;  // since what is held last fitted
  int64_t window_ = 0;
  /// A long task would hardly ever end if its workers went on dying.
  static constexpr int kMaxKills = 200;
  int kills_ = 0;
  int64_t pauses_ = 0;
  int64_t grants_ = 0;
  int64_t grants_when_slots_fit_ = 0;
  int64_t grants_when_store_fits_ = 0;
};

uint64_t NumberOf(const char* variable, uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(ExecutorSimulationTest, KeepsItsPromisesInAnyOrderOfEvents) {
  const LogLevel level = GetLogLevel();
  SetLogLevel(LogLevel::kError);  // workers die all the time here
  const uint64_t only = NumberOf("HEADRACE_SIMULATION_SEED", 0);
  const uint64_t first = only == 0 ? 1 : only;
  const uint64_t last = only == 0 ? NumberOf("HEADRACE_SIMULATIONS", 5000) : only;
  int64_t pauses = 0;
  int64_t grants = 0;
  for (uint64_t seed = first; seed <= last && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("HEADRACE_SIMULATION_SEED=" + std::to_string(seed));
    Simulation simulation(seed);
    simulation.Check();
    pauses += simulation.pauses();
    grants += simulation.grants();
  }
  SetLogLevel(level);
  if (only != 0) return;
  EXPECT_GT(pauses, 0) << "tasks pause here";
  EXPECT_GT(grants, 0) << "limits are too tight without the rule of liveness here";
}

}  // namespace
}  // namespace headrace::exec
