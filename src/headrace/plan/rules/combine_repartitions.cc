// SPDX-License-Identifier: Apache-2.0
#include "headrace/plan/rules/combine_repartitions.h"

#include "headrace/plan/operators.h"

namespace headrace::plan {

Result<LogicalOperatorPtr> CombineRepartitions::Rewrite(LogicalOperatorPtr node) const {
  const auto* streaming = As<StreamingRepartition>(node);
  if (As<Repartition>(node) == nullptr && streaming == nullptr) return node;
  const LogicalOperatorPtr& inner = node->input();
  const bool over_streaming = As<StreamingRepartition>(inner) != nullptr;
  // Blocks of "at most" some rows keep the boundaries of the blocks below, so those still matter.
  const bool over_repartition =
      As<Repartition>(inner) != nullptr && (streaming == nullptr || streaming->strict());
  const bool hides_inner =
      over_repartition || (over_streaming && (streaming == nullptr || streaming->strict()));
  return hides_inner ? node->WithInputs({inner->input()}) : node;
}

}  // namespace headrace::plan
