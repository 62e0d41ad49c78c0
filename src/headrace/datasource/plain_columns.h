// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "headrace/base/status.h"
#include "headrace/block.h"

namespace headrace::datasource {

/// `block` with dictionary columns as their value type.
Result<Block> WithoutDictionaries(const Block& block, arrow::MemoryPool* pool);

/// Calls `write` with the rows of `block`, in order, in parts of about `bytes`, at least a row.
Status ForEachPart(const Block& block, int64_t bytes,
                   const std::function<Status(const Block& part)>& write);

}  // namespace headrace::datasource
