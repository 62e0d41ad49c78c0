// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "headrace/plan/operators.h"
#include "headrace/task/ref_bundle.h"

namespace headrace::planner {

/// Blocks in an object store, in memory or spilled, as the input of plans: what a materialized
/// dataset holds. Immutable.
class StoredRefs final : public plan::StoredBlocks {
 public:
  /// Fails when the schemas of the blocks do not go together.
  static Result<std::shared_ptr<const StoredRefs>> Make(std::vector<task::BlockRef> refs);

  const std::vector<task::BlockRef>& refs() const { return refs_; }

 private:
  std::vector<task::BlockRef> refs_;
};

}  // namespace headrace::planner
