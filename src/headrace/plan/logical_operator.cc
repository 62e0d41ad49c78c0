// SPDX-License-Identifier: Apache-2.0
#include "headrace/plan/logical_operator.h"

namespace headrace::plan {
namespace {

void AppendTree(const LogicalOperator& node, int depth, std::string* out) {
  if (depth > 0) out->append(3 * (depth - 1), ' ').append("+- ");
  out->append(node.type()).append("[").append(node.name()).append("]\n");
  for (const LogicalOperatorPtr& input : node.inputs()) AppendTree(*input, depth + 1, out);
}

}  // namespace

std::string ToTreeString(const LogicalOperatorPtr& root) {
  std::string out;
  AppendTree(*root, 0, &out);
  return out;
}

}  // namespace headrace::plan
