// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "headrace/task/task_spec.h"

namespace headrace::testkit {

/// A task body made of a function. Thread lane; passes its input on unless told otherwise.
class FakeBody final : public task::TaskBody {
 public:
  using Function = std::function<Status(const std::vector<Block>& inputs, const task::TaskParams&,
                                        task::TaskOutput& out)>;

  explicit FakeBody(std::string name = "Fake", Function function = PassOn)
      : name_(std::move(name)), function_(std::move(function)) {}

  static Status PassOn(const std::vector<Block>& inputs, const task::TaskParams&,
                       task::TaskOutput& out) {
    for (const Block& block : inputs) ARROW_RETURN_NOT_OK(out.Put(block));
    return Status::OK();
  }

  uint64_t id() const override { return id_; }
  const std::string& operator_name() const override { return name_; }
  task::Lane lane() const override { return task::Lane::kThread; }
  Result<std::string> Serialize() const override {
    return Status::Invalid("a fake body cannot leave its process");
  }
  Result<std::unique_ptr<task::TaskRunner>> MakeRunner() const override {
    ARROW_RETURN_NOT_OK(runner_error_);
    return std::make_unique<Runner>(function_, heap_peak_bytes_);
  }
  /// What MakeRunner fails with: a constructor of the user that raises.
  void set_runner_error(Status error) { runner_error_ = std::move(error); }
  /// The working memory that its tasks report.
  void set_heap_peak_bytes(int64_t bytes) { heap_peak_bytes_ = bytes; }

 private:
  class Runner final : public task::TaskRunner {
   public:
    Runner(Function function, int64_t heap_peak_bytes)
        : function_(std::move(function)), heap_peak_bytes_(heap_peak_bytes) {}
    Status Run(const std::vector<Block>& inputs, const task::TaskParams& params,
               task::TaskOutput& out, task::TaskStats* stats) override {
      for (const Block& block : inputs) stats->rows_in += block.num_rows();
      stats->heap_peak_bytes = heap_peak_bytes_;
      return function_(inputs, params, out);
    }

   private:
    const Function function_;
    const int64_t heap_peak_bytes_;
  };

  const uint64_t id_ = task::NextId();
  const std::string name_;
  const Function function_;
  Status runner_error_;
  int64_t heap_peak_bytes_ = 0;
};

}  // namespace headrace::testkit
