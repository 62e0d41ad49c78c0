// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "headrace/worker/step.h"

namespace headrace::worker {

/// The step of `kind` from what its Serialize() wrote.
Result<StepSpecPtr> DeserializeStep(std::string_view kind, WireReader* in);

}  // namespace headrace::worker
