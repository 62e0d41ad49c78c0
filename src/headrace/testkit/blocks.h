// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "headrace/block.h"
#include "headrace/task/ref_bundle.h"

namespace headrace::testkit {

/// 0, 1, …, `count` - 1, from `begin` on.
std::vector<int64_t> Iota(int64_t count, int64_t begin = 0);

/// One int64 column "id" with these values. Aborts when memory is gone.
Block IdBlock(const std::vector<int64_t>& ids);
/// IdBlock(Iota(num_rows, begin)).
Block IotaBlock(int64_t num_rows, int64_t begin = 0);
/// One int64 column "id" and one string column of `bytes_per_row` letters each.
Block WideBlock(int64_t num_rows, int64_t bytes_per_row);

/// Column "id" of `block`, or its first column.
std::vector<int64_t> Ids(const Block& block);
std::vector<int64_t> Ids(const task::RefBundle& bundle);
std::vector<int64_t> Ids(const std::vector<task::BlockRef>& blocks);

/// A bundle of one IotaBlock in `store`.
task::RefBundle IotaBundle(store::ObjectStore& store, int64_t num_rows, int64_t begin = 0);

}  // namespace headrace::testkit
