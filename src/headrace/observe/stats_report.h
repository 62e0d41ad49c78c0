// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "headrace/exec/run_snapshot.h"

namespace headrace::observe {

/// The report that `stats()` prints: one section per operator that ran tasks, numbered from 1, then
/// the whole dataset. `verbose` adds times that are zero and the plan.
std::string StatsReport(const exec::RunSnapshot& run, bool verbose);

/// "12.34us", "4.56ms", "7.89s".
std::string FormatSeconds(double seconds);
/// "12B", "3.4KiB", "5.6MiB", "7.89GiB".
std::string FormatBytes(double bytes);

}  // namespace headrace::observe
