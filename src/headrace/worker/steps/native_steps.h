// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "headrace/compute/aggregate.h"
#include "headrace/expr/projection.h"
#include "headrace/worker/step.h"

namespace headrace::worker {

/// Rows for which an expression is true.
class FilterStepSpec final : public StepSpec {
 public:
  static constexpr std::string_view kKind = "filter";
  explicit FilterStepSpec(Expr predicate) : predicate_(std::move(predicate)) {}
  static Result<StepSpecPtr> Deserialize(WireReader* in);
  std::string_view kind() const override { return kKind; }
  std::string name() const override { return "Filter(" + predicate_.ToString() + ")"; }
  Result<std::unique_ptr<Step>> Make(const StepContext& context) const override;
  Status Serialize(WireWriter* out) const override;

 private:
  const Expr predicate_;
};

/// Columns computed from columns.
class ProjectStepSpec final : public StepSpec {
 public:
  static constexpr std::string_view kKind = "project";
  explicit ProjectStepSpec(expr::Projection projection) : projection_(std::move(projection)) {}
  static Result<StepSpecPtr> Deserialize(WireReader* in);
  std::string_view kind() const override { return kKind; }
  std::string name() const override { return "Project"; }
  Result<std::unique_ptr<Step>> Make(const StepContext& context) const override;
  Status Serialize(WireWriter* out) const override;

 private:
  const expr::Projection projection_;
};

/// The first `rows` rows of each task.
class LimitStepSpec final : public StepSpec {
 public:
  static constexpr std::string_view kKind = "limit";
  explicit LimitStepSpec(int64_t rows) : rows_(rows) {}
  static Result<StepSpecPtr> Deserialize(WireReader* in);
  std::string_view kind() const override { return kKind; }
  std::string name() const override { return {}; }
  Result<std::unique_ptr<Step>> Make(const StepContext& context) const override;
  Status Serialize(WireWriter* out) const override;

 private:
  const int64_t rows_;
};

/// Blocks of at most `rows` rows; `strict` also joins smaller ones within a task. `rows` <= 0: all
/// rows of the task in one block.
class RepartitionStepSpec final : public StepSpec {
 public:
  static constexpr std::string_view kKind = "repartition";
  RepartitionStepSpec(std::string name, int64_t rows, bool strict)
      : name_(std::move(name)), rows_(rows), strict_(strict) {}
  static Result<StepSpecPtr> Deserialize(WireReader* in);
  std::string_view kind() const override { return kKind; }
  std::string name() const override { return name_; }
  Result<std::unique_ptr<Step>> Make(const StepContext& context) const override;
  Status Serialize(WireWriter* out) const override;

 private:
  const std::string name_;
  const int64_t rows_;
  const bool strict_;
};

/// One row per task: how many rows it saw, column "num_rows".
class CountStepSpec final : public StepSpec {
 public:
  static constexpr std::string_view kKind = "count";
  static Result<StepSpecPtr> Deserialize(WireReader* in);
  std::string_view kind() const override { return kKind; }
  std::string name() const override { return "Count"; }
  Result<std::unique_ptr<Step>> Make(const StepContext& context) const override;
  Status Serialize(WireWriter* out) const override;
};

/// One row of partial aggregation states per task.
class AggregateStepSpec final : public StepSpec {
 public:
  static constexpr std::string_view kKind = "aggregate";
  explicit AggregateStepSpec(std::vector<compute::AggregateSpec> specs)
      : specs_(std::move(specs)) {}
  static Result<StepSpecPtr> Deserialize(WireReader* in);
  std::string_view kind() const override { return kKind; }
  std::string name() const override { return "Aggregate"; }
  Result<std::unique_ptr<Step>> Make(const StepContext& context) const override;
  Status Serialize(WireWriter* out) const override;

 private:
  const std::vector<compute::AggregateSpec> specs_;
};

}  // namespace headrace::worker
