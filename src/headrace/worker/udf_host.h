// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "headrace/worker/step.h"

namespace headrace::worker {

/// How a Python function is applied.
enum class UdfMode : uint8_t { kMapBatches = 0, kMapRows = 1, kFlatMap = 2, kFilterRows = 3 };

/// A Python function as the engine sees it: bytes and how to feed it.
struct PythonUdf {
  std::string name;  // "f", "Classifier"
  UdfMode mode = UdfMode::kMapBatches;
  /// cloudpickle of headrace._worker.udf.UdfDescriptor: function or class, constructor arguments,
  /// call arguments, batch format.
  std::string pickled;
  int64_t batch_size = 0;  // rows per call; 0: one call per block
  bool is_class = false;   // constructed once per actor (or per task)
};

/// Makes steps that call Python. Implemented by the Python bindings, in workers and, for
/// `inline_udfs`, in the driver. Any thread.
class UdfHost {
 public:
  virtual ~UdfHost() = default;
  /// Loads the function (constructing its class) and returns a step that calls it once for each
  /// block it is given. Errors raised by the user's code come back as ErrorKind::kUserCode.
  virtual Result<std::unique_ptr<Step>> MakeStep(const PythonUdf& udf,
                                                 const StepContext& context) = 0;
};

/// The host of this process; nullptr when no Python runs here. Set once, by the bindings.
UdfHost* ProcessUdfHost();
void SetProcessUdfHost(UdfHost* host);

}  // namespace headrace::worker
