// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "headrace/exec/run_snapshot.h"

namespace headrace::observe {

/// The report that `stats()` prints: one section per operator that ran tasks, numbered from 1, then
/// a line for the whole dataset. `verbose` adds times inside user functions and memory.
std::string StatsReport(const exec::RunSnapshot& run, bool verbose);

/// "12.3us", "4.56ms", "7.89s".
std::string FormatSeconds(double seconds);

}  // namespace headrace::observe
