// SPDX-License-Identifier: Apache-2.0
#include "headrace/planner/stored_refs.h"

#include <utility>

namespace headrace::planner {
namespace {

/// What no run has in its queues is needed last.
constexpr int64_t kKeptRank = -1;

}  // namespace

Result<std::shared_ptr<const StoredRefs>> StoredRefs::Make(std::vector<task::BlockRef> refs) {
  const auto stored = std::make_shared<StoredRefs>();
  for (const task::BlockRef& ref : refs) {
    stored->num_rows += ref.num_rows;
    stored->size_bytes += ref.size_bytes;
    ref.object->set_spill_rank(kKeptRank);
  }
  ARROW_ASSIGN_OR_RAISE(stored->schema, task::SchemaOf(refs));
  stored->says_nothing = stored->num_rows == 0 && stored->schema->num_fields() == 0;
  stored->refs_ = std::move(refs);
  return stored;
}

}  // namespace headrace::planner
