// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "headrace/worker/step.h"
#include "headrace/worker/udf_host.h"

namespace headrace::worker {

/// Cuts its input into blocks of exactly `rows` rows (the last may be short), across block
/// boundaries. Slices where it can; copies only what crosses a boundary.
class BatchStepSpec final : public StepSpec {
 public:
  static constexpr std::string_view kKind = "batch";
  /// What "auto" aims at: bytes of one batch.
  static constexpr int64_t kAutoBatchBytes = 16 << 20;
  /// `rows` < 0: as many as make about kAutoBatchBytes, told from the first block with rows.
  explicit BatchStepSpec(int64_t rows) : rows_(rows) {}
  static Result<StepSpecPtr> Deserialize(WireReader* in);
  std::string_view kind() const override { return kKind; }
  std::string name() const override { return {}; }
  Result<std::unique_ptr<Step>> Make(const StepContext& context) const override;
  Status Serialize(WireWriter* out) const override;

 private:
  const int64_t rows_;
};

/// A Python function of the user.
class PythonStepSpec final : public StepSpec {
 public:
  static constexpr std::string_view kKind = "python";
  PythonStepSpec(std::string name, PythonUdf udf) : name_(std::move(name)), udf_(std::move(udf)) {}
  static Result<StepSpecPtr> Deserialize(WireReader* in);
  std::string_view kind() const override { return kKind; }
  std::string name() const override { return name_; }
  bool needs_python() const override { return true; }
  bool stateful() const override { return udf_.is_class; }
  Result<std::unique_ptr<Step>> Make(const StepContext& context) const override;
  Status Serialize(WireWriter* out) const override;

 private:
  const std::string name_;
  const PythonUdf udf_;
};

/// A C++ function of the user: runs in the thread lane only.
class NativeStepSpec final : public StepSpec {
 public:
  using Function = std::function<Result<Block>(const Block&)>;
  NativeStepSpec(std::string name, Function function)
      : name_(std::move(name)), function_(std::move(function)) {}
  std::string_view kind() const override { return "native"; }
  std::string name() const override { return name_; }
  Result<std::unique_ptr<Step>> Make(const StepContext& context) const override;
  Status Serialize(WireWriter* out) const override;

 private:
  const std::string name_;
  const Function function_;
};

}  // namespace headrace::worker
