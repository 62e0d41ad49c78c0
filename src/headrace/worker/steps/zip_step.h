// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "headrace/worker/step.h"

namespace headrace::worker {

/// Second half of a zip: blocks of equal row counts from several inputs (SerializeBlockCounts)
/// become one block with the columns of all. A name that is there already gets _1, _2, … behind it.
class ZipStepSpec final : public StepSpec {
 public:
  static constexpr std::string_view kKind = "zip";
  static Result<StepSpecPtr> Deserialize(WireReader* in);
  std::string_view kind() const override { return kKind; }
  std::string name() const override { return "Zip"; }
  Result<std::unique_ptr<Step>> Make(const StepContext& context) const override;
  Status Serialize(WireWriter* out) const override;
};

}  // namespace headrace::worker
