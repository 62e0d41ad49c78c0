// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/task/task_spec.h"
#include "headrace/worker/step.h"

namespace headrace::worker {

struct ChainOptions {
  double num_cpus = 1;
  int64_t max_errored_files = 0;
  /// Run Python functions in this process, for debuggers.
  bool inline_udfs = false;
  /// The user asked for a number of blocks: small ones are not joined.
  bool keep_small_blocks = false;
  /// DataContext.streaming_read_buffer_size.
  int64_t read_buffer_bytes = 32 << 20;
  /// The account that steps ask for memory that they could not foresee; nullptr: none. Outlives the
  /// chain. Does not cross to other processes.
  store::MemoryLedger* memory = nullptr;
  /// Folder of the program when the run began: relative paths mean the same in a worker process.
  std::string working_directory;
};

/// The fused steps that every task of one operator runs. Immutable, any thread.
class TransformChain final : public task::TaskBody {
 public:
  TransformChain(std::string name, std::vector<StepSpecPtr> steps, ChainOptions options);
  static Result<std::shared_ptr<const TransformChain>> Deserialize(std::string_view bytes);

  uint64_t id() const override { return id_; }
  const std::string& operator_name() const override { return name_; }
  task::Lane lane() const override;
  Result<std::string> Serialize() const override;
  Result<std::unique_ptr<task::TaskRunner>> MakeRunner() const override;
  const std::vector<StepSpecPtr>& steps() const { return steps_; }
  /// True when a step keeps state that tasks must not share (a class of the user).
  bool stateful() const;
  const ChainOptions& options() const { return options_; }

 private:
  const uint64_t id_;
  const std::string name_;
  const std::vector<StepSpecPtr> steps_;
  const ChainOptions options_;
};

}  // namespace headrace::worker
