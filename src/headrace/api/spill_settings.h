// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headrace/store/spill_options.h"

namespace headrace::api {

/// Where and how this process spills unless it is told otherwise, from the environment:
/// HEADRACE_SPILL_DIRECTORY (several are separated by ':'), else the temporary directory;
/// HEADRACE_SPILL_QUOTA_BYTES; HEADRACE_SPILL_COMPRESSION ("lz4" or "none").
store::SpillOptions DefaultSpillOptions();

}  // namespace headrace::api
