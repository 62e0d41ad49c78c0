// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>
#include <vector>

#include "headrace/task/task_spec.h"
#include "headrace/testkit/blocks.h"

namespace headrace::testkit {

/// Keeps what a task puts out.
class CollectingOutput final : public task::TaskOutput {
 public:
  Status Put(Block block) override {
    blocks.push_back(std::move(block));
    return Status::OK();
  }
  bool cancelled() const override { return stop; }
  std::vector<int64_t> Rows() const {
    std::vector<int64_t> rows;
    for (const Block& block : blocks) {
      for (const int64_t id : Ids(block)) rows.push_back(id);
    }
    return rows;
  }
  std::vector<Block> blocks;
  bool stop = false;
};

}  // namespace headrace::testkit
