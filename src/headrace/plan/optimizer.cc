// SPDX-License-Identifier: Apache-2.0
#include "headrace/plan/optimizer.h"

#include <algorithm>
#include <unordered_map>

#include "headrace/base/log.h"
#include "headrace/plan/rules/combine_repartitions.h"
#include "headrace/plan/rules/fuse_limits.h"
#include "headrace/plan/rules/keep_dictionaries.h"
#include "headrace/plan/rules/limit_pushdown.h"
#include "headrace/plan/rules/merge_filters.h"
#include "headrace/plan/rules/merge_projections.h"
#include "headrace/plan/rules/predicate_pushdown.h"
#include "headrace/plan/rules/projection_pushdown.h"
#include "headrace/plan/rules/remove_no_ops.h"

namespace headrace::plan {
namespace {

// A node that several others share is rewritten once and stays shared.
using Rewritten = std::unordered_map<const LogicalOperator*, LogicalOperatorPtr>;

Result<LogicalOperatorPtr> RewriteTree(const Rule& rule, const LogicalOperatorPtr& node,
                                       Rewritten* done) {
  if (const auto found = done->find(node.get()); found != done->end()) return found->second;
  std::vector<LogicalOperatorPtr> inputs;
  inputs.reserve(node->inputs().size());
  bool changed = false;
  for (const LogicalOperatorPtr& input : node->inputs()) {
    ARROW_ASSIGN_OR_RAISE(LogicalOperatorPtr rewritten, RewriteTree(rule, input, done));
    changed |= rewritten != input;
    inputs.push_back(std::move(rewritten));
  }
  ARROW_ASSIGN_OR_RAISE(LogicalOperatorPtr result,
                        rule.Rewrite(changed ? node->WithInputs(std::move(inputs)) : node));
  done->emplace(node.get(), result);
  return result;
}

template <typename... Rules>
std::vector<std::unique_ptr<Rule>> MakeRules() {
  std::vector<std::unique_ptr<Rule>> rules;
  (rules.push_back(std::make_unique<Rules>()), ...);
  return rules;
}

}  // namespace

Optimizer Optimizer::WithDefaultRules(const std::vector<std::string>& disabled) {
  // Merging first gives the pushdowns fewer and larger nodes; projections are pushed last, when the
  // filters below them have left for the sources.
  auto rules =
      MakeRules<RemoveNoOps, FuseLimits, CombineRepartitions, MergeFilters, MergeProjections,
                PredicatePushdown, LimitPushdown, ProjectionPushdown, KeepDictionaries>();
  std::erase_if(rules, [&](const std::unique_ptr<Rule>& rule) {
    return std::find(disabled.begin(), disabled.end(), rule->name()) != disabled.end();
  });
  return Optimizer(std::move(rules));
}

Result<LogicalOperatorPtr> Optimizer::Optimize(LogicalOperatorPtr root) const {
  using Clock = std::chrono::steady_clock;
  for (int pass = 0; pass < kMaxPasses; ++pass) {
    const LogicalOperatorPtr before = root;
    for (const auto& rule : rules_) {
      const auto start = Clock::now();
      const LogicalOperatorPtr input = root;
      Rewritten done;
      Result<LogicalOperatorPtr> rewritten = RewriteTree(*rule, root, &done);
      if (!rewritten.ok()) {
        return WithPrefix(rewritten.status(), "Optimizer rule " + std::string(rule->name()) + ": ");
      }
      root = *std::move(rewritten);
      if (root != input) {
        const auto took =
            std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
        Log(LogLevel::kDebug, "Rewrote plan",
            {{"rule", std::string(rule->name())},
             {"pass", std::to_string(pass)},
             {"took_us", std::to_string(took.count())}});
      }
    }
    if (root == before) break;
  }
  return root;
}

}  // namespace headrace::plan
