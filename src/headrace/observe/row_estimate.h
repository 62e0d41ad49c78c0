// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "headrace/exec/run_snapshot.h"

namespace headrace::observe {

/// Rows that each operator of `run` will have put out in all, in its order; -1: not known yet.
/// Sources are exact. Others are expected to make of the rest of their input what their finished
/// tasks made of theirs, and a row of a row before one has finished; exact once they are done.
std::vector<int64_t> EstimateTotalRows(const exec::RunSnapshot& run);

}  // namespace headrace::observe
