// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "headrace/base/status.h"

namespace headrace {

/// Makes the fault point `name` fail with `status` on its `nth` hit from now (1 = the next one),
/// once.
void ArmFault(std::string_view name, Status status, int nth = 1);
void DisarmFaults();
/// Status of the armed fault `name`, OK otherwise. Call through HR_FAULT_POINT.
Status HitFault(std::string_view name);

}  // namespace headrace

/// A place where tests can make an operation fail; nothing in release builds.
#ifdef HEADRACE_FAULT_POINTS
#define HR_FAULT_POINT(name) ARROW_RETURN_NOT_OK(::headrace::HitFault(name))
#else
#define HR_FAULT_POINT(name) static_cast<void>(0)
#endif
