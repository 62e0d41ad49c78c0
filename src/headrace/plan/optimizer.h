// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/plan/logical_operator.h"

namespace headrace::plan {

/// Rewrites one node of a plan. Stateless, one per file pair under rules/.
class Rule {
 public:
  virtual ~Rule() = default;
  virtual std::string_view name() const = 0;
  /// `node` unchanged (the same pointer) when the rule does not apply. Inputs of `node` have been
  /// rewritten already.
  virtual Result<LogicalOperatorPtr> Rewrite(LogicalOperatorPtr node) const = 0;
};

/// Applies rules bottom-up until nothing changes, at most kMaxPasses times.
class Optimizer {
 public:
  static constexpr int kMaxPasses = 16;
  explicit Optimizer(std::vector<std::unique_ptr<Rule>> rules) : rules_(std::move(rules)) {}
  /// With every rule that headrace has, in order, except those named in `disabled`.
  static Optimizer WithDefaultRules(const std::vector<std::string>& disabled = {});
  Result<LogicalOperatorPtr> Optimize(LogicalOperatorPtr root) const;

 private:
  std::vector<std::unique_ptr<Rule>> rules_;
};

}  // namespace headrace::plan
