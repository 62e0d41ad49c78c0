// SPDX-License-Identifier: Apache-2.0
#include "headrace/observe/stats_report.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

namespace headrace::observe {
namespace {

using Spread = exec::OperatorCounters::Spread;

__attribute__((format(printf, 1, 2))) std::string Format(const char* format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  return text;
}

double Mean(const Spread& spread) {
  return spread.count == 0 ? 0 : spread.sum / static_cast<double>(spread.count);
}

std::string TimeLine(const char* what, const Spread& spread) {
  return Format("* %s: %s min, %s max, %s mean, %s total\n", what,
                FormatSeconds(spread.min).c_str(), FormatSeconds(spread.max).c_str(),
                FormatSeconds(Mean(spread)).c_str(), FormatSeconds(spread.sum).c_str());
}

std::string CountLine(const char* what, const Spread& spread) {
  return Format("* %s: %.0f min, %.0f max, %.0f mean, %.0f total\n", what, spread.min, spread.max,
                Mean(spread), spread.sum);
}

std::string OperatorSection(int number, const exec::OperatorSnapshot& op, bool verbose) {
  const exec::OperatorCounters& c = op.counters;
  const double seconds = std::max(0.0, c.last_end_s - std::max(0.0, c.first_start_s));
  std::string text = Format("Operator %d %s: %lld tasks executed, %lld blocks produced in %s\n",
                            number, op.name.c_str(), static_cast<long long>(c.tasks_done),
                            static_cast<long long>(c.blocks_out), FormatSeconds(seconds).c_str());
  text += TimeLine("Remote wall time", c.wall_s);
  text += TimeLine("Remote cpu time", c.cpu_s);
  if (c.udf_s.sum > 0 || verbose) text += TimeLine("UDF time", c.udf_s);
  text += CountLine("Output num rows per block", c.block_rows);
  text += CountLine("Output size bytes per block", c.block_bytes);
  text += CountLine("Output rows per task", c.task_rows);
  if (c.peak_rss_bytes > 0) {
    text += Format("* Peak worker memory: %.0f MiB\n",
                   static_cast<double>(c.peak_rss_bytes) / (1 << 20));
  }
  if (!op.actors.empty() && !op.done) text += "* Actors: " + op.actors + "\n";
  if (c.skipped_inputs > 0) {
    text += Format("* Skipped inputs: %lld\n", static_cast<long long>(c.skipped_inputs));
  }
  if (c.tasks_failed > 0) {
    text += Format("* Failed tasks: %lld\n", static_cast<long long>(c.tasks_failed));
  }
  if (c.backpressure_s > 0) {
    text += "* Backpressure: " + FormatSeconds(c.backpressure_s) +
            " in which a task was ready and had to wait\n";
  }
  const double rows = static_cast<double>(c.rows_out);
  text += "* Operator throughput:\n";
  text += Format("\t* Total input num rows: %lld rows\n", static_cast<long long>(c.rows_in));
  text += Format("\t* Total output num rows: %lld rows\n", static_cast<long long>(c.rows_out));
  text += Format("\t* Operator throughput: %.6g rows/s\n", seconds > 0 ? rows / seconds : 0.0);
  text += Format("\t* Estimated single task throughput: %.6g rows/s\n",
                 c.wall_s.sum > 0 ? rows / c.wall_s.sum : 0.0);
  return text;
}

}  // namespace

std::string FormatSeconds(double seconds) {
  if (seconds < 1e-3) return Format("%.2fus", seconds * 1e6);
  if (seconds < 1) return Format("%.2fms", seconds * 1e3);
  return Format("%.2fs", seconds);
}

std::string StatsReport(const exec::RunSnapshot& run, bool verbose) {
  std::string text;
  int number = 0;
  for (const auto& op : run.operators) {
    if (!op.runs_tasks) continue;
    if (number > 0) text += "\n";
    text += OperatorSection(++number, op, verbose);
  }
  if (number == 0) return text;
  text += "\nDataset throughput:\n";
  text += Format("\t* Rows: %lld in %s\n", static_cast<long long>(run.rows_out),
                 FormatSeconds(run.seconds).c_str());
  text += Format("\t* Throughput: %.6g rows/s\n",
                 run.seconds > 0 ? static_cast<double>(run.rows_out) / run.seconds : 0.0);
  if (verbose) text += "Plan: " + run.plan + "\n";
  return text;
}

}  // namespace headrace::observe
