// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/block.h"

namespace headrace::datasource {

/// The rows of `block` by the values of `keys`, as (directory "k=v/l=w", rows without the keys),
/// in order of first appearance; rows keep their order. A null is __HIVE_DEFAULT_PARTITION__;
/// values are escaped as in URIs. Fails with KeyError for an unknown key, with Invalid when no
/// column is left.
Result<std::vector<std::pair<std::string, Block>>> SplitByHiveKeys(
    const Block& block, const std::vector<std::string>& keys, arrow::MemoryPool* pool);

}  // namespace headrace::datasource
