// SPDX-License-Identifier: Apache-2.0
#include "headrace/block/compute_functions.h"

#include <arrow/compute/initialize.h>

namespace headrace {

Status RegisterComputeFunctions() {
  static const Status registered = arrow::compute::Initialize();
  return registered;
}

}  // namespace headrace
