// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "headrace/datasource.h"
#include "headrace/worker/step.h"

namespace headrace::worker {

/// Writes; puts out one row per task with what the commit needs: binary column "commit" and int64
/// column "num_rows".
class WriteStepSpec final : public StepSpec {
 public:
  static constexpr std::string_view kKind = "write";
  explicit WriteStepSpec(DatasinkPtr sink) : sink_(std::move(sink)) {}
  static Result<StepSpecPtr> Deserialize(WireReader* in);
  std::string_view kind() const override { return kKind; }
  std::string name() const override { return sink_->name(); }
  bool needs_python() const override { return sink_->needs_python(); }
  Result<std::unique_ptr<Step>> Make(const StepContext& context) const override;
  Status Serialize(WireWriter* out) const override;

 private:
  const DatasinkPtr sink_;
};

}  // namespace headrace::worker
