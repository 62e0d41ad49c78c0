// SPDX-License-Identifier: Apache-2.0
#pragma once

// For tests of this folder.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "headrace/testkit/collecting_output.h"
#include "headrace/worker/transform_chain.h"

namespace headrace::worker {

/// What a task of this one step puts out. The step first travels as bytes.
inline Result<std::vector<Block>> RunStep(StepSpecPtr spec, const std::vector<Block>& inputs,
                                          const std::string& argument = {},
                                          int64_t target_bytes = 128 << 20) {
  const TransformChain chain("chain", {std::move(spec)}, {});
  ARROW_ASSIGN_OR_RAISE(const std::string bytes, chain.Serialize());
  ARROW_ASSIGN_OR_RAISE(const auto again, TransformChain::Deserialize(bytes));
  ARROW_ASSIGN_OR_RAISE(const std::string same, again->Serialize());
  EXPECT_EQ(same, bytes);
  ARROW_ASSIGN_OR_RAISE(const auto runner, again->MakeRunner());
  task::TaskParams params;
  params.argument = argument;
  params.target_max_block_size = target_bytes;
  params.target_min_block_size = 0;
  task::TaskStats stats;
  testkit::CollectingOutput out;
  ARROW_RETURN_NOT_OK(runner->Run(inputs, params, out, &stats));
  return out.blocks;
}

}  // namespace headrace::worker
