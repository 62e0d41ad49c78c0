// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headrace/plan/optimizer.h"

namespace headrace::plan {

/// Write or GroupAggregate over native steps over Read  =>  the source leaves dictionary-encoded
/// strings encoded, when the sink takes them, or they are what is grouped by, and nothing in
/// between computes with strings. Decoding a column of codes to strings costs four times what
/// reading the codes does, and the writer, or the table of groups, would only encode them again.
class KeepDictionaries final : public Rule {
 public:
  std::string_view name() const override { return "KeepDictionaries"; }
  Result<LogicalOperatorPtr> Rewrite(LogicalOperatorPtr node) const override;
};

}  // namespace headrace::plan
