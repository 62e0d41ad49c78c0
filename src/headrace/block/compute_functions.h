// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headrace/base/status.h"

namespace headrace {

/// Registers Arrow's compute functions with its registry, once per process; later calls cost one
/// atomic read. To be called before any expression is bound or any function is called by name;
/// cast, take, filter, unique and dictionary_encode are there without it.
Status RegisterComputeFunctions();

}  // namespace headrace
